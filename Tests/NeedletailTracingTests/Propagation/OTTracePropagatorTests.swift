import Instrumentation
import NeedletailTracing
import Testing
import TraceModel

@Suite("OT Trace propagator")
struct OTTracePropagatorTests {
    @Test("Headers are read and padded", arguments: [("true", true), ("1", true), ("false", false), ("0", false), ("TRUE", true), (nil, nil)] as [(String?, Bool?)])
    func read(sampled: String?, decision: Bool?) throws {
        var headers = ["ot-tracer-traceid": "64fe8b2a57d3eff7", "ot-tracer-spanid": "e457b5a2e4d86bd1", "ot-baggage-tenant": "blue"]
        headers["ot-tracer-sampled"] = sampled
        let context = OTTracePropagator().context(from: headers)
        let remote = try #require(context.traceContext)
        #expect(remote.traceID.description == "000000000000000064fe8b2a57d3eff7")
        #expect(remote.spanID.description == "e457b5a2e4d86bd1")
        #expect(remote.decision == decision)
        #expect(context.baggage == ["tenant": "blue"])
    }

    @Test("What is malformed or not whole counts as none, and brings no baggage", arguments: [
        ["ot-tracer-traceid": "64fe8b2a57d3eff7"], ["ot-tracer-spanid": "e457b5a2e4d86bd1"], ["ot-tracer-traceid": "0", "ot-tracer-spanid": "1"],
        ["ot-tracer-traceid": "1", "ot-tracer-spanid": "0"], ["ot-tracer-traceid": "g", "ot-tracer-spanid": "1"],
        ["ot-tracer-traceid": "1", "ot-tracer-spanid": "1", "ot-tracer-sampled": "perhaps"],
    ])
    func malformed(headers: [String: String]) {
        let context = OTTracePropagator().context(from: headers.merging(["ot-baggage-tenant": "blue"]) { $1 })
        #expect(context.traceContext == nil)
        #expect(context.baggage.isEmpty)
    }

    @Test("The low half of the trace id is written")
    func write() {
        var context = ServiceContext.topLevel
        context.baggage["Tenant"] = "blue"
        #expect(OTTracePropagator().headers(for: context).isEmpty)
        context.traceContext = TraceContext(traceID: TraceID(high: 1, low: 0xff), spanID: SpanID(2), flags: .sampled)
        #expect(
            OTTracePropagator().headers(for: context) == [
                "ot-tracer-traceid": "00000000000000ff", "ot-tracer-spanid": "0000000000000002", "ot-tracer-sampled": "true", "ot-baggage-tenant": "blue",
            ])
    }
}
