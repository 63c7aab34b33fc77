internal import NeedletailTracing
internal import ServiceContextModule
internal import TraceModel
internal import Tracing

/// Makes the trace: five spans of all kinds, with fixed times.
struct RichTrace {
    private static let start: UInt64 = 1_700_000_000_123_456_789
    private static let linkedTrace = TraceID(high: 0x8af7_6519_16cd_43dd, low: 0x8448_eb21_1c80_319c)

    let tracer: NeedletailTracer

    /// - Returns: the spans' ids by their names.
    func make(caller: ServiceContext) -> [String: String] {
        let server = tracer.startSpan("POST /größe ☃ 𝄞", parent: caller.traceContext, kind: .server, startTime: at(0))
        setAttributes(of: server)
        server.addEvent("cache miss", time: at(1_000_999), attributes: [Attribute("key", "k"), Attribute("size", 3), Attribute("hot", true)])
        server.addEvent("no attributes", time: at(2_000_000))

        let client = tracer.startSpan("call", parent: server.traceContext, kind: .client, startTime: at(1_000_000))
        client.setAttribute("peer", "downstream")
        client.recordError(CardRefused(), attributes: ["exception.stacktrace": "at pay()\n  at main()"], at: Instant(at(3_000_000)))
        client.setStatus(SpanStatus(code: .error, message: "it bröke: \"quoted\""))
        client.end(at: at(4_000_500))

        let producer = tracer.startSpan("produce", parent: server.traceContext, kind: .producer, startTime: at(5_000_000))
        producer.addLink(to: TraceContext(traceID: Self.linkedTrace, spanID: SpanID(0xf067_aa0b_a902_b7ff), flags: .sampled))
        producer.addLink(to: client.traceContext, attributes: [Attribute("why", "retry")])
        producer.end(at: at(6_000_000))

        let consumer = tracer.startSpan("consume", parent: producer.traceContext, kind: .consumer, startTime: at(7_000_000))
        consumer.setStatus(SpanStatus(code: .ok))
        consumer.end(at: at(7_000_000))

        let step = tracer.startSpan("to be renamed", parent: server.traceContext, startTime: at(8_000_001))
        step.updateName("step")
        step.end(at: at(8_002_001))
        server.end(at: at(9_000_000))
        return [
            "POST /größe ☃ 𝄞": server, "call": client, "produce": producer, "consume": consumer, "step": step,
        ].mapValues { $0.traceContext.spanID.description }
    }

    private func setAttributes(of span: NeedletailSpan) {
        let values: KeyValuePairs<String, AttributeValue> = [
            "b.true": true, "b.false": false,
            "i.zero": 0, "i.min": .int(.min), "i.max": .int(.max),
            "f.pi": 3.141592653589793, "f.whole": 2.0, "f.tiny": .double(.leastNonzeroMagnitude), "f.big": 1e300,
            "s.empty": "", "s.unicode": "héllo ☃ 𝄞 \"q\" \\ \n\t</x>", "s.long": .string(String(repeating: "L", count: 5000)),
            "a.strings": .array(["x", "", "é"]), "a.bools": .array([true, false]), "a.ints": .array([1, -2, .int(.max)]),
            "a.doubles": .array([0.5, 2.25]), "a.empty": .array([]), "y.bytes": .bytes([0, 255, 16]),
            "m.map": .keyValueList([Attribute("k", "v"), Attribute("n", 7)]),
        ]
        for (key, value) in values { span.setAttribute(key, value) }
        span.setAttribute("late", "first")
        span.setAttribute("late", "last")
    }

    private func at(_ nanoseconds: UInt64) -> UInt64 { Self.start + nanoseconds }

    private struct Instant: TracerInstant {
        let nanosecondsSinceEpoch: UInt64
        init(_ nanosecondsSinceEpoch: UInt64) { self.nanosecondsSinceEpoch = nanosecondsSinceEpoch }
        static func < (left: Self, right: Self) -> Bool { left.nanosecondsSinceEpoch < right.nanosecondsSinceEpoch }
    }
}

struct CardRefused: Error, CustomStringConvertible {
    var description: String { "card refused" }
}
