import Instrumentation
import NeedletailTracing
import Testing
import TraceModel

@Suite("Composite propagator and names")
struct CompositePropagatorTests {
    private let w3c = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    private let b3 = "80f198ee56343ba864fe8b2a57d3eff7-e457b5a2e4d86bd1-1"
    private let both = CompositePropagator([W3CTraceContextPropagator(), B3Propagator(), XRayPropagator()])

    @Test("All write, in their order")
    func inject() {
        let headers = both.headers(for: W3CTraceContextPropagator().context(from: ["traceparent": w3c]))
        #expect(
            headers == [
                "traceparent": w3c, "b3": "0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-1",
                "x-amzn-trace-id": "Root=1-0af76519-16cd43dd8448eb211c80319c;Parent=b7ad6b7169203331;Sampled=1",
            ])
        #expect(both.fields == ["traceparent", "tracestate", "b3", "x-amzn-trace-id"])
    }

    @Test("Any of the formats is read; of two whole contexts the later one wins")
    func extract() {
        #expect(both.context(from: ["traceparent": w3c]).traceContext?.traceparent == w3c)
        #expect(both.context(from: ["b3": b3]).traceContext?.traceID.description == "80f198ee56343ba864fe8b2a57d3eff7")
        #expect(both.context(from: ["traceparent": w3c, "b3": b3]).traceContext?.traceID.description == "80f198ee56343ba864fe8b2a57d3eff7")
    }

    @Test("Nothing, something malformed or a part of a context takes nothing away", arguments: [
        [:], ["b3": "broken"], ["b3": "0"], ["x-b3-flags": "1"], ["x-amzn-trace-id": "Root=1-67891233-abcdef012345678912345678"], ["x-amzn-trace-id": "Root="],
    ])
    func keeps(other: [String: String]) {
        let context = both.context(from: other.merging(["traceparent": w3c, "tracestate": "a=1"]) { $1 }).traceContext
        #expect(context?.traceparent == w3c)
        #expect(context?.traceState == "a=1")
        var existing = W3CTraceContextPropagator().context(from: ["traceparent": w3c])
        both.extract(other, into: &existing, using: HeaderCarrier())
        #expect(existing.traceContext?.traceparent == w3c)
    }

    @Test("OTEL_PROPAGATORS' names are known in any case", arguments: [
        ("tracecontext", ["traceparent", "tracestate"]), ("baggage", ["baggage"]), ("b3", ["b3"]), (" B3Multi ", ["x-b3-traceid", "x-b3-spanid", "x-b3-sampled", "x-b3-flags"]),
        ("Jaeger", ["uber-trace-id"]), ("xray", ["x-amzn-trace-id"]), ("ottrace", ["ot-tracer-traceid", "ot-tracer-spanid", "ot-tracer-sampled"]),
    ])
    func names(text: String, fields: [String]) throws {
        #expect(try #require(PropagatorName(text)).makePropagator()?.fields == fields)
    }

    @Test("\"none\" is no propagator, and an unknown name no name")
    func noName() {
        #expect(PropagatorName("none") == PropagatorName.none)
        #expect(PropagatorName.none.makePropagator() == nil)
        #expect(PropagatorName("zipkin") == nil)
        #expect(PropagatorName("") == nil)
    }

    @Test("Random headers never stop the program, and leave a whole context or none", arguments: 0..<8)
    func fuzz(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        let propagators = PropagatorName.allCases.compactMap { $0.makePropagator() }
        let composite = CompositePropagator(propagators)
        let names = propagators.flatMap(\.fields) + ["uberctx-k", "ot-baggage-k", "jaeger-baggage", "x-b3-parentspanid"]
        let seeds = [
            w3c, b3, "0", "d", "true", "1-5759e988-bd862e3fe1be46a994272793", "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1;Lineage=1:3f2a11cc:1",
            "0af7651916cd43dd8448eb211c80319c:b7ad6b7169203331:0:3", "a=1;p=2,b=%20", "80f198ee56343ba864fe8b2a57d3eff7", "e457b5a2e4d86bd1", "congo=t61,ot=th:8",
        ]
        for _ in 0..<2000 {
            var headers: [String: String] = [:]
            for _ in 0..<Int.random(in: 1...4, using: &random) {
                var bytes = Array((seeds.randomElement(using: &random) ?? "").utf8)
                for _ in 0..<Int.random(in: 0...3, using: &random) {
                    let index = Int.random(in: 0...bytes.count, using: &random)
                    switch Int.random(in: 0..<3, using: &random) {
                    case 0 where index < bytes.count: bytes.remove(at: index)
                    case 1 where index < bytes.count: bytes[index] = UInt8.random(in: 0...255, using: &random)
                    default: bytes.insert(contentsOf: Array("-:;=,%\0\r\n é".utf8).shuffled(using: &random).prefix(2), at: index)
                    }
                }
                headers[names.randomElement(using: &random) ?? ""] = String(decoding: bytes, as: UTF8.self)
            }
            let context = composite.context(from: headers)
            if let found = context.traceContext, !found.isValid { #expect(found.isRemote && (found.decision != nil || found.traceID.isValid)) }
            for (name, value) in composite.headers(for: context) {
                #expect((name + value).utf8.allSatisfy { (0x20...0x7e).contains($0) }, "\(name): \(value)")
            }
        }
    }
}
