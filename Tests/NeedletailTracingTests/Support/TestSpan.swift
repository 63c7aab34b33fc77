import NeedletailTracing
import TraceModel

/// A finished sampled span.
func finishedSpan(_ name: String = "span") -> TraceModel.Span {
    TraceModel.Span(
        traceID: IDGenerator.traceID(),
        spanID: IDGenerator.spanID(),
        flags: 0x101,
        name: name,
        startTime: 1_700_000_000_000_000_000,
        endTime: 1_700_000_000_000_001_000,
        attributes: [Attribute("index", 1)]
    )
}

let testScope = InstrumentationScope(name: "tests", version: "1")
