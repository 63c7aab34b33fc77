import NeedletailTracing
import ServiceContextModule
import Testing
import TraceModel

@testable import Inference

/// What of a caller's headers counts.
@Suite struct CallerContextTests {
    private static let trace = "0af7651916cd43dd8448eb211c80319c"
    private static let span = "b7ad6b7169203331"
    private static var good: String { "00-\(trace)-\(span)-01" }

    struct Variant: Sendable, CustomTestStringConvertible {
        var name: String
        var headers: [(String, String)]
        var isContinued: Bool
        var state = ""

        var testDescription: String { name }
    }

    /// Golden, `traceparent_variants`. Where W3C Trace Context says otherwise than Triton did, W3C counts: a later version may be
    /// longer, blanks around are none of its, and several `tracestate` are one list.
    static let variants: [Variant] = {
        func state(_ count: Int) -> String { (0..<count).map { "k\($0)=v" }.joined(separator: ",") }
        func parent(_ text: String, _ others: [(String, String)] = []) -> [(String, String)] { [("traceparent", text)] + others }
        return [
            Variant(name: "ok", headers: parent(good), isContinued: true),
            Variant(name: "v01 55 chars", headers: parent("01-\(trace)-\(span)-01"), isContinued: true),
            Variant(name: "v01 longer (W3C)", headers: parent("01-\(trace)-\(span)-01-more"), isContinued: true),
            Variant(name: "vff", headers: parent("ff-\(trace)-\(span)-01"), isContinued: false),
            Variant(name: "v00 longer", headers: parent(good + "-more"), isContinued: false),
            Variant(name: "upper hex", headers: parent(good.uppercased()), isContinued: true),
            Variant(name: "zero span", headers: parent("00-\(trace)-0000000000000000-01"), isContinued: false),
            Variant(name: "zero trace", headers: parent("00-00000000000000000000000000000000-\(span)-01"), isContinued: false),
            Variant(name: "flags ff", headers: parent("00-\(trace)-\(span)-ff"), isContinued: true),
            Variant(name: "flags zz", headers: parent("00-\(trace)-\(span)-zz"), isContinued: false),
            Variant(name: "nonhex trace", headers: parent(good.replacing("0af", with: "xyz")), isContinued: false),
            Variant(name: "leading space", headers: parent(" " + good), isContinued: true),
            Variant(name: "trailing space (W3C)", headers: parent(good + " "), isContinued: true),
            Variant(name: "two headers", headers: parent(good) + parent("00-11111111111111111111111111111111-\(span)-01"), isContinued: true),
            Variant(name: "two tracestate (W3C)", headers: parent(good, [("tracestate", "a=1"), ("tracestate", "b=2")]), isContinued: true, state: "a=1,b=2"),
            Variant(name: "33 members", headers: parent(good, [("tracestate", state(33))]), isContinued: true, state: state(32)),
            Variant(name: "32 members", headers: parent(good, [("tracestate", state(32))]), isContinued: true, state: state(32)),
            Variant(name: "blanks", headers: parent(good, [("tracestate", "a=1 , b=2")]), isContinued: true, state: "a=1,b=2"),
            Variant(name: "bad key", headers: parent(good, [("tracestate", "A=1,b=2")]), isContinued: true),
            Variant(name: "state only", headers: [("tracestate", "a=1")], isContinued: false),
            Variant(name: "empty", headers: parent(""), isContinued: false),
            Variant(name: "other case of the names", headers: [("TraceParent", good), ("TRACESTATE", "a=1")], isContinued: true, state: "a=1"),
        ]
    }()

    @Test(arguments: variants) func w3c(_ variant: Variant) throws {
        let trace = try #require(try FrontEnd().tracer.decide(model: "echo", headers: HeaderPairs(variant.headers)).trace)
        #expect((trace.traceID.description == Self.trace) == variant.isContinued)
        #expect(trace.parentSpanID?.description == (variant.isContinued ? Self.span : nil))
        #expect(trace.traceState == variant.state)
    }

    @Test("Other propagators are read when they are configured", arguments: [
        (PropagatorName.b3, [("b3", "\(trace)-\(span)-1")]),
        (.b3multi, [("X-B3-TraceId", trace), ("X-B3-SpanId", span), ("X-B3-Sampled", "1")]),
        (.jaeger, [("uber-trace-id", "\(trace):\(span):0:1")]),
        (.xray, [("X-Amzn-Trace-Id", "Root=1-0af76519-16cd43dd8448eb211c80319c;Parent=\(span);Sampled=1")]),
        (.tracecontext, [("traceparent", good)]),
    ] as [(PropagatorName, [(String, String)])])
    func others(name: PropagatorName, headers: [(String, String)]) throws {
        let tracer = try FrontEnd(TraceSettings(level: .timestamps, rate: 0), propagator: name.makePropagator()).tracer
        let trace = try #require(tracer.decide(model: "echo", headers: HeaderPairs(headers)).trace)
        #expect(trace.traceID.description == Self.trace)
        #expect(trace.parentSpanID?.description == Self.span)
        if name != .tracecontext { #expect(tracer.decide(model: "echo", headers: HeaderPairs([("traceparent", Self.good)])).trace == nil) }
    }

    @Test("A caller that leaves the decision to us is sampled by rate, in its own trace")
    func deferred() throws {
        let tracer = try FrontEnd(TraceSettings(level: .timestamps, rate: 2), propagator: PropagatorName.b3.makePropagator()).tracer
        let headers = HeaderPairs([("b3", "\(Self.trace)-\(Self.span)")])
        #expect(tracer.decide(model: "echo", headers: headers).trace == nil)
        let trace = try #require(tracer.decide(model: "echo", headers: headers).trace)
        #expect(trace.traceID.description == Self.trace)
        #expect(trace.rate == 2)
        // B3's `0` alone: no ids, and a decision.
        let tracer1 = try FrontEnd(TraceSettings(level: .timestamps, rate: 1), propagator: PropagatorName.b3.makePropagator()).tracer
        #expect(tracer1.decide(model: "echo", headers: HeaderPairs([("b3", "0")])).trace == nil)
    }

    @Test("Baggage reaches user code, traced or not", arguments: [0, 1] as [UInt32])
    func baggage(rate: UInt32) async throws {
        let seen = Synchronized<String?>(nil)
        let model = Model(Model.definition("m")) { requests in
            let baggage = ServiceContext.current?.baggage["tenant"]
            seen.withLock { $0 = baggage }
            return try requests.map { ["y": try $0.inputs.require("x")] }
        }
        let front = try FrontEnd(TraceSettings(level: .timestamps, rate: rate), models: [model])
        try await front.send("m", headers: [("baggage", "tenant=blue;p=1"), ("Baggage", "other=x")])
        #expect(seen.withLock { $0 } == "blue")
    }

    @Test("Names of the headers are found in any case, values joined")
    func pairs() {
        let headers = HeaderPairs([("A", "1"), ("b", "2"), ("a", "3")])
        #expect(headers.value(of: "a") == "1,3")
        #expect(headers.value(of: "c") == nil)
        #expect(headers.names == ["A", "b", "a"])
    }
}
