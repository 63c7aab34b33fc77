import Testing
import TraceModel

@Suite("W3C trace context")
struct TraceContextTests {
    static let traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"

    @Test("a header is read and written without a change")
    func roundTrip() throws {
        let context = try #require(TraceContext(traceparent: Self.traceparent, tracestate: "congo=t61rcWkgMzE"))
        #expect(context.traceID.description == "0af7651916cd43dd8448eb211c80319c")
        #expect(context.spanID.description == "b7ad6b7169203331")
        #expect(context.isSampled && context.isRemote)
        #expect(context.traceState == "congo=t61rcWkgMzE")
        #expect(context.traceparent == Self.traceparent)
    }

    @Test("flag 00 is not sampled")
    func unsampled() throws {
        let context = try #require(TraceContext(traceparent: Self.traceparent.dropLast(2) + "00"))
        #expect(!context.isSampled)
        #expect(context.traceparent.hasSuffix("-00"))
    }

    @Test(
        "what the recommendation lets pass",
        arguments: [
            "  00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01 ",
            "cc-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
            "cc-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-what-the-future-holds",
        ]
    )
    func tolerated(header: String) throws {
        let context = try #require(TraceContext(traceparent: header))
        #expect(context.traceparent == Self.traceparent)
    }

    @Test("digits in upper case pass in tolerant reading only")
    func upperCase() {
        let header = "00-0AF7651916CD43DD8448EB211C80319C-B7AD6B7169203331-01"
        #expect(TraceContext(traceparent: header) == nil)
        #expect(TraceContext(traceparent: header, reading: .tolerant)?.traceparent == Self.traceparent)
    }

    @Test(
        "what is malformed starts a new trace",
        arguments: [
            "", "00", "junk",
            "ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
            "00-00000000000000000000000000000000-b7ad6b7169203331-01",
            "00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01",
            "00-0af7651916cd43dd8448eb211c80319-b7ad6b7169203331-01",
            "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-0x",
            "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-extra",
            "cc-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01.extra",
            "00_0af7651916cd43dd8448eb211c80319c_b7ad6b7169203331_01",
            "00-0af7651916cd43dd8448eb211c8031gc-b7ad6b7169203331-01",
        ]
    )
    func malformed(header: String) {
        #expect(TraceContext(traceparent: header) == nil)
    }

    @Test("blanks and empty members of tracestate go, order stays")
    func traceState() {
        #expect(TraceContext.normalizedTraceState(" a=1 ,, b@t=x/y:z , c=3") == "a=1,b@t=x/y:z,c=3")
        #expect(TraceContext.normalizedTraceState("") == "")
    }

    @Test("a 33rd member drops the list; in tolerant reading only itself")
    func traceStateLimit() {
        let members = (1...33).map { "k\($0)=v" }
        let text = members.joined(separator: ",")
        #expect(TraceContext.normalizedTraceState(text) == nil)
        #expect(TraceContext.normalizedTraceState(text, reading: .tolerant) == members.prefix(32).joined(separator: ","))
    }

    @Test("of a key that comes twice the first member is kept")
    func duplicateKeys() {
        #expect(TraceContext.normalizedTraceState("a=1,b=2,a=3") == "a=1,b=2")
    }

    @Test("one bad member drops the list but keeps the parent", arguments: ["a", "A=1", "a=", "=x", "@a=1", "a=\u{7}"])
    func badTraceState(text: String) throws {
        #expect(TraceContext.normalizedTraceState(text) == nil)
        let context = try #require(TraceContext(traceparent: Self.traceparent, tracestate: text))
        #expect(context.traceState == "")
    }
}
