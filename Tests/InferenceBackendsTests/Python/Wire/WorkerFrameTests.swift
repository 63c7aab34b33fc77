import Testing

@testable import InferenceBackends

@Suite struct WorkerFrameTests {
    private func decode(_ bytes: [UInt8], pieces: Int) throws -> [WorkerFrame] {
        var decoder = WorkerFrameDecoder()
        var frames: [WorkerFrame] = []
        var start = 0
        while start < bytes.count {
            let end = min(start + pieces, bytes.count)
            bytes[start..<end].withUnsafeBytes { decoder.append($0) }
            while let frame = try decoder.next() { frames.append(frame) }
            start = end
        }
        return frames
    }

    @Test(arguments: [1, 3, 16, 17, 10_000])
    func framesSurviveAnyCutting(pieces: Int) throws {
        let sent = [
            WorkerFrame(.execute, batch: 7, header: Array("{}".utf8), body: [1, 2, 3]),
            WorkerFrame(.stop),
            WorkerFrame(.done, batch: .max, header: Array(repeating: 32, count: 300), body: Array(repeating: 9, count: 5_000)),
        ]
        let received = try decode(sent.flatMap(\.bytes), pieces: pieces)
        #expect(received.map(\.kind) == sent.map(\.kind))
        #expect(received.map(\.batch) == sent.map(\.batch))
        #expect(received.map(\.header) == sent.map(\.header))
        #expect(received.map(\.body) == sent.map(\.body))
    }

    @Test func anUnknownKindIsRefused() {
        var bytes = WorkerFrame(.stop).bytes
        bytes[8] = 200
        #expect(throws: WorkerProtocolError.self) { try decode(bytes, pieces: bytes.count) }
    }

    @Test func lengthsBeyondTheLimitsAreRefused() {
        var bytes = WorkerFrame(.stop).bytes
        bytes[3] = 0xff
        #expect(throws: WorkerProtocolError.self) { try decode(bytes, pieces: bytes.count) }
    }
}
