import Instrumentation
import NeedletailTracing
import Testing
import TraceModel
import Tracing

/// Cases of the W3C's own suite for Trace Context Level 2, run through the tracer as a service that is called and calls.
@Suite("W3C trace context propagator")
struct W3CTraceContextPropagatorTests {
    static let trace = "12345678901234567890123456789012"
    static let parent = "1234567890123456"

    /// What the service sends on for what it got.
    private func forwarded(_ headers: [String: String]) -> (traceparent: String, tracestate: String?) {
        let tracer = NeedletailTracer(processor: InMemorySpanExporter(), sampler: ParentBasedSampler(root: AlwaysOffSampler()))
        var context = ServiceContext.topLevel
        tracer.extract(headers, into: &context, using: ListingHeaderCarrier())
        var out: [String: String] = [:]
        tracer.inject(tracer.startSpan("service", context: context).context, into: &out, using: HeaderCarrier())
        return (out["traceparent"] ?? "", out["tracestate"])
    }

    @Test("The trace goes on under a new parent id", arguments: [
        "00-\(trace)-\(parent)-01", "00-\(trace)-\(parent)-00", " 00-\(trace)-\(parent)-01", "\t00-\(trace)-\(parent)-01", "00-\(trace)-\(parent)-01 \t",
        "cc-\(trace)-\(parent)-01", "cc-\(trace)-\(parent)-01-what-the-future-will-be-like",
    ], ["traceparent", "TraceParent", "TRACEPARENT"])
    func continued(header: String, name: String) {
        let sent = forwarded([name: header]).traceparent
        #expect(sent.hasPrefix("00-\(Self.trace)-"))
        #expect(!sent.contains("-\(Self.parent)-"))
        #expect(sent.hasSuffix(header.contains("-00") ? "-00" : "-01"))
    }

    @Test("A malformed traceparent starts a new trace, and takes tracestate with it", arguments: [
        "", "00", "00-\(trace)-\(parent)-01.", "00-\(trace)-\(parent)-01-what-the-future-will-be-like", "cc-\(trace)-\(parent)-01.what-the-future-will-be-like",
        "ff-\(trace)-\(parent)-01", ".0-\(trace)-\(parent)-01", "0.-\(trace)-\(parent)-01", "000-\(trace)-\(parent)-01", "0000-\(trace)-\(parent)-01",
        "0-\(trace)-\(parent)-01", "00-\(String(repeating: "0", count: 32))-\(parent)-01", "00-.2345678901234567890123456789012-\(parent)-01",
        "00-1234567890123456789012345678901.-\(parent)-01", "00-\(trace)3-\(parent)-01", "00-\(trace.dropLast())-\(parent)-01", "00-\(trace)-0000000000000000-01",
        "00-\(trace)-.234567890123456-01", "00-\(trace)-123456789012345.-01", "00-\(trace)-\(parent)7-01", "00-\(trace)-\(parent.dropLast())-01",
        "00-\(trace)-\(parent)-.0", "00-\(trace)-\(parent)-0.", "00-\(trace)-\(parent)-001", "00-\(trace)-\(parent)-1",
        // Upper-case digits.
        "00-1234567890123456789012345678901A-\(parent)-01", "00-\(trace)-123456789012345A-01", "00-\(trace)-\(parent)-0A", "0A-\(trace)-\(parent)-01",
        // Two headers joined by a server.
        "00-\(trace)-\(parent)-01, 00-\(trace)-\(parent)-01",
    ])
    func restarted(header: String) {
        let sent = forwarded(["traceparent": header, "tracestate": "foo=1"])
        #expect(TraceContext(traceparent: sent.traceparent) != nil)
        #expect(!sent.traceparent.contains(Self.trace))
        #expect(sent.tracestate == nil)
    }

    @Test("Wrong names are not looked at")
    func names() {
        #expect(!forwarded(["trace-parent": "00-\(Self.trace)-\(Self.parent)-01"]).traceparent.contains(Self.trace))
        #expect(forwarded(["tracestate": "foo=1"]).tracestate == nil)
    }

    @Test("The random flag travels on, reserved flags do not", arguments: [("02", "02"), ("03", "03"), ("ff", "03"), ("fc", "00"), ("09", "01")])
    func flags(received: String, sent: String) {
        #expect(forwarded(["traceparent": "00-\(Self.trace)-\(Self.parent)-\(received)"]).traceparent.hasSuffix("-\(sent)"))
        #expect(forwarded(["traceparent": "cc-\(Self.trace)-\(Self.parent)-\(received)"]).traceparent.hasSuffix("-\(sent)"))
    }

    static let allKeyCharacters = "abcdefghijklmnopqrstuvwxyz0123456789_-*/@a-z0-9_-*/"
    static let allValueCharacters = String(decoding: (UInt8(0x20)...0x7e).filter { $0 != 0x2c && $0 != 0x3d }, as: UTF8.self)

    @Test("tracestate is inherited", arguments: [
        ("foo=1,bar=2", "foo=1,bar=2"), ("foo=1 \t , \t bar=2, \t baz=3", "foo=1,bar=2,baz=3"), ("\t foo=1 \t", "foo=1"), (",foo=1,", "foo=1"),
        ("foo=1,foo=1", "foo=1"), ("foo=1,foo=2", "foo=1"), ("foo@=1,bar=2", "foo@=1,bar=2"), ("foo@@bar=1,bar=2", "foo@@bar=1,bar=2"),
        ("foo@bar@baz=1,bar=2", "foo@bar@baz=1,bar=2"), ("0a=1", "0a=1"), ("foo= 1", "foo= 1"),
        ("\(allKeyCharacters)=\(allValueCharacters)", "\(allKeyCharacters)=\(allValueCharacters)"),
        ("foo=1,\(String(repeating: "z", count: 256))=1", "foo=1,\(String(repeating: "z", count: 256))=1"),
        ("foo=\(String(repeating: "v", count: 256))", "foo=\(String(repeating: "v", count: 256))"),
        ((1...32).map { "bar\($0)=\($0)" }.joined(separator: ","), (1...32).map { "bar\($0)=\($0)" }.joined(separator: ",")),
    ])
    func inherited(received: String, sent: String) {
        #expect(forwarded(["traceparent": "00-\(Self.trace)-\(Self.parent)-00", "tracestate": received]).tracestate == sent)
    }

    @Test("A malformed tracestate is dropped, the trace goes on", arguments: [
        "", " ", ",,", "foo", "foo =1", "FOO=1", "foo.bar=1", "@foo=1,bar=2", "foo=bar=baz", "foo=,bar=3", "foo=1\u{7}", "föö=1", "foo=ö",
        "foo=1,\(String(repeating: "z", count: 257))=1", "foo=\(String(repeating: "v", count: 257))",
        (1...33).map { "bar\($0)=\($0)" }.joined(separator: ","),
    ])
    func dropped(received: String) {
        let sent = forwarded(["traceparent": "00-\(Self.trace)-\(Self.parent)-00", "tracestate": received])
        #expect(sent.tracestate == nil)
        #expect(sent.traceparent.contains(Self.trace))
    }

    @Test("A long tracestate loses whole members: those above 128 characters first, then from the end")
    func length() throws {
        let long = "long=" + String(repeating: "x", count: 250)
        // Twenty members of 204 characters are all above 128: they go from the right until the rest fits.
        let members = (10...29).map { "k\($0)=" + String(repeating: "v", count: 200) }
        let small = (10...20).map { "s\($0)=1" }
        let text = (small + members + [long]).joined(separator: ",")
        let sent = try #require(forwarded(["traceparent": "00-\(Self.trace)-\(Self.parent)-00", "tracestate": text]).tracestate)
        #expect(sent.utf8.count <= W3CTraceContextPropagator.maximumTraceStateLength)
        #expect(sent == (small + members.prefix(19)).joined(separator: ","))
        #expect(TraceContext.truncatedTraceState("a=1,\(long),b=2,c=3", to: 11) == "a=1,b=2,c=3")
        #expect(TraceContext.truncatedTraceState("a=1,\(long),b=2,c=3", to: 10) == "a=1,b=2")
        #expect(TraceContext.truncatedTraceState("a=1", to: 2) == "")
        #expect(TraceContext.truncatedTraceState("a=1", to: 3) == "a=1")
    }
}
