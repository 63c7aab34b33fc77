import Instrumentation
import NeedletailTracing
import Testing
import TraceModel

/// Cases of Jaeger's "Propagation Format".
@Suite("Jaeger propagator")
struct JaegerPropagatorTests {
    static let trace = "0af7651916cd43dd8448eb211c80319c"
    static let span = "b7ad6b7169203331"

    @Test("uber-trace-id is read", arguments: [
        ("\(trace):\(span):0:1", trace, span, 1), ("\(trace):\(span):0:0", trace, span, 0), ("\(trace):\(span):0:01", trace, span, 1),
        ("\(trace):\(span):17c29:1", trace, span, 1), ("\(trace):\(span):0:3", trace, span, 3), ("\(trace):\(span):0:2", trace, span, 3),
        // Bit 4 is for "firehose", the others are not used.
        ("\(trace):\(span):0:9", trace, span, 1), ("\(trace):\(span):0:f8", trace, span, 0),
        ("0af7651916CD43DD8448EB211C80319C:B7AD6B7169203331:0:1", trace, span, 1),
        ("8448eb211c80319c:b7ad:0:1", "00000000000000008448eb211c80319c", "000000000000b7ad", 1),
        ("deadbeef:deadbef0:0:1", "000000000000000000000000deadbeef", "00000000deadbef0", 1), ("1:2:0:1", "\(String(repeating: "0", count: 31))1", "0000000000000002", 1),
        ("\(trace)%3A\(span)%3A0%3A1", trace, span, 1), ("\(trace)%3a\(span)%3a0%3a1", trace, span, 1),
    ])
    func read(header: String, trace: String, span: String, flags: Int) throws {
        let context = try #require(JaegerPropagator().context(from: ["uber-trace-id": header]).traceContext)
        #expect(context.traceID.description == trace)
        #expect(context.spanID.description == span)
        #expect(context.isSampled == (flags & 1 != 0))
        #expect(context.isDebug == (flags & 2 != 0))
        #expect(context.isRemote && !context.isDeferred)
    }

    @Test("A malformed header counts as none", arguments: [
        "", ":", ":::", "\(trace)", "\(trace):\(span)", "\(trace):\(span):0", "\(trace):\(span):0:", "\(trace):\(span)::1", "\(trace)::0:1", ":\(span):0:1",
        "\(trace):\(span):0:1:0", "0:\(span):0:1", "\(trace):0:0:1", "\(trace)0:\(span):0:1", "\(trace):\(span)0:0:1", "\(trace):\(span):0:x",
        "\(trace):\(span):0:001", "\(trace):\(span):0:+1", "\(trace):\(span):0:-1", "g:1:0:1", "1:g:0:1", "1:1:g:1", "\(trace)%3\(span)%3A0%3A1",
        String(repeating: ":", count: 100_000),
    ])
    func malformed(header: String) {
        #expect(JaegerPropagator().context(from: ["uber-trace-id": header]).traceContext == nil)
    }

    @Test("What was read is written for the next hop", arguments: ["0", "1", "3"])
    func passOn(flags: String) {
        let header = "\(Self.trace):\(Self.span):0:\(flags)"
        #expect(JaegerPropagator().headers(for: JaegerPropagator().context(from: ["uber-trace-id": header])) == ["uber-trace-id": header])
        #expect(JaegerPropagator().headers(for: .topLevel).isEmpty)
    }

    @Test("Baggage is read from every uberctx header that can be listed, also without a trace")
    func baggage() {
        let context = JaegerPropagator().context(from: [
            "Uberctx-Tenant": "blue%20green", "uberctx-user": "Zo%C3%AB", "uberctx-": "nameless", "other": "x", "uberctx-bad name": "x",
        ])
        #expect(context.baggage == ["tenant": "blue green", "user": "Zoë"] || context.baggage == ["user": "Zoë", "tenant": "blue green"])
        #expect(context.traceContext == nil)
    }

    @Test("Where headers cannot be listed, baggage is read by name")
    func namedBaggage() {
        var context = ServiceContext.topLevel
        JaegerPropagator(baggageKeys: ["Tenant", "missing"]).extract(
            ["uberctx-tenant": "blue", "uberctx-user": "x"], into: &context, using: HeaderCarrier())
        #expect(context.baggage == ["tenant": "blue"])
    }

    @Test("jaeger-baggage is a list")
    func baggageList() {
        #expect(JaegerPropagator().context(from: ["jaeger-baggage": "k1=v1, k2=v%202,broken"]).baggage == ["k1": "v1", "k2": "v 2"])
    }

    @Test("Baggage is written percent-encoded; names that are no header names are left out")
    func writtenBaggage() {
        var context = ServiceContext.topLevel
        context.baggage = ["Tenant": "blue, green\r\nEvil: 1", "bad\r\nname": "x"]
        #expect(JaegerPropagator().headers(for: context) == ["uberctx-tenant": "blue%2C%20green%0D%0AEvil:%201"])
    }

    @Test("Baggage has a limit")
    func limit() {
        let headers = Dictionary(uniqueKeysWithValues: (0..<1000).map { ("uberctx-k\($0)", "v") })
        #expect(JaegerPropagator().context(from: headers).baggage.count == W3CBaggagePropagator.maximumMembers)
        #expect(JaegerPropagator().context(from: ["uberctx-k": String(repeating: "v", count: 9000)]).baggage.isEmpty)
    }
}
