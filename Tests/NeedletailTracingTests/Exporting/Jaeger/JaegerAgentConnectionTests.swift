import Dispatch
import NIOCore
import Testing

@testable import NeedletailTracing

@Suite struct JaegerAgentConnectionTests {
    @Test("A datagram that the system does not send halves the size of all later ones, down to a least")
    func tooLarge() async throws {
        let sink = DatagramSink()
        try await sink.serve { port in
            let connection = JaegerAgentConnection(host: "127.0.0.1", port: port, packetSize: 100_000)
            // UDP over IPv4 has room for 65,507 bytes.
            guard case .tooLarge(let smaller) = try await connection.send([UInt8](repeating: 7, count: 80_000)) else {
                return #expect(Bool(false), "sent")
            }
            #expect(smaller == 40_000)
            #expect(connection.packetSize == 40_000)
            // A call that began before does not halve it again.
            guard case .tooLarge(40_000) = try await connection.send([UInt8](repeating: 7, count: 70_000)) else { return #expect(Bool(false), "sent") }
            guard case .sent = try await connection.send([UInt8](repeating: 7, count: 40_000)) else { return #expect(Bool(false), "not sent") }
            #expect(await eventually { sink.received.map(\.count) == [40_000] })
            await connection.shutdown()
        }
    }

    @Test("A host with several addresses is reached at the one where someone listens")
    func nextAddress() async throws {
        let sink = DatagramSink()
        try await sink.serve { port in
            let unused = try await DatagramSink.unusedPort()
            let connection = JaegerAgentConnection(host: "both", port: 1, packetSize: 1_024) { _, _ in
                [try SocketAddress(ipAddress: "127.0.0.1", port: unused), try SocketAddress(ipAddress: "127.0.0.1", port: port)]
            }
            for _ in 0..<3 {
                guard case .sent = try await connection.send([1]) else { return #expect(Bool(false), "not sent") }
            }
            #expect(await eventually { sink.received.count == 3 })
            await connection.shutdown()
        }
    }

    @Test("A look-up that never ends does not hold a cancelled export")
    func hangingLookUp() async throws {
        let gate = DispatchSemaphore(value: 0)
        let connection = JaegerAgentConnection(host: "slow", port: 1, packetSize: 1_024) { _, _ in
            gate.wait()
            throw CancellationError()
        }
        let task = Task { _ = try await connection.send([1]) }
        try await Task.sleep(for: .milliseconds(20))
        task.cancel()
        await #expect(throws: CancellationError.self) { try await task.value }
        gate.signal()
        await connection.shutdown()
    }
}
