import TraceModel
import TraceQuery

let traceID = TraceID(high: 1, low: 2)

/// A span of the test trace; times are nanoseconds.
func span(
    _ id: UInt64,
    parent: UInt64? = nil,
    _ name: String = "span",
    kind: SpanKind = .internal,
    start: UInt64,
    end: UInt64,
    attributes: [Attribute] = [],
    events: [(String, UInt64)] = [],
    status: SpanStatus = SpanStatus()
) -> Span {
    Span(
        traceID: traceID,
        spanID: SpanID(id),
        parentSpanID: parent.map { SpanID($0) },
        name: name,
        kind: kind,
        startTime: start,
        endTime: end,
        attributes: attributes,
        events: events.map { SpanEvent(time: $0.1, name: $0.0) },
        status: status
    )
}

func resource(_ service: String) -> Resource {
    Resource(attributes: [Attribute("service.name", .string(service))])
}

/// A batch with one group for each service.
func batch(_ groups: (String, [Span])...) -> SpanBatch {
    SpanBatch(
        resourceSpans: groups.map { service, spans in
            ResourceSpans(resource: resource(service), scopeSpans: [ScopeSpans(scope: InstrumentationScope(name: "test"), spans: spans)])
        }
    )
}

func tree(_ spans: Span...) -> TraceTree {
    TraceTree(traceID: traceID, batch: batch(("service", spans)))
}

func tree(_ spans: [Span]) -> TraceTree {
    TraceTree(traceID: traceID, batch: batch(("service", spans)))
}

/// A repeatable source of random numbers.
struct SplitMix64: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var z = state
        z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
        z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
        return z ^ (z >> 31)
    }
}
