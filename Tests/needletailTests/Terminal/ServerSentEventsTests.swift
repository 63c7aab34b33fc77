import Testing
import TraceModel

@testable import needletail

@Suite("Server-sent events")
struct ServerSentEventsTests {
    private static let stream = "retry: 2000\n: following\n\nevent: rows\ndata: {\"a\":1}\n\n: still here\n\ndata:x\r\ndata: y\rid: 7\n\nevent: none\n\ndata\n\nevent: cut\ndata: 1\n"

    @Test("events are the same in whatever pieces they come", arguments: [1, 2, 3, 7, 1000])
    func pieces(size: Int) {
        var events = ServerSentEvents()
        var found: [ServerSentEvents.Event] = []
        let bytes = Array(Self.stream.utf8)
        for start in stride(from: 0, to: bytes.count, by: size) { found += events.feed(bytes[start..<min(bytes.count, start + size)]) ?? [] }
        #expect(found == [.init(name: "rows", data: "{\"a\":1}"), .init(name: "message", data: "x\ny"), .init(name: "message", data: "")])
    }

    @Test("a stream that sends too much at once is refused")
    func tooMuch() {
        var events = ServerSentEvents(maximumSize: 100)
        let tooLong = events.feed(repeatElement(UInt8(ascii: "x"), count: 101))
        #expect(tooLong == nil)
        events = ServerSentEvents(maximumSize: 100)
        let line = Array("data: ".utf8) + Array(repeating: UInt8(ascii: "x"), count: 90) + [UInt8(ascii: "\n")]
        let first = events.feed(line)
        #expect(first?.isEmpty == true)
        let second = events.feed(line)
        #expect(second == nil)
    }

    @Test("rows name their traces")
    func news() {
        let news = TraceServer.news(#"{"rows":[{"traceID":"000000000000000000000000000000ab","spanCount":1},{"traceID":"no"}],"skipped":3}"#)
        #expect(news == .init(settled: [TraceID(high: 0, low: 0xab)], skipped: 3))
        #expect(TraceServer.news("{") == nil)
    }
}
