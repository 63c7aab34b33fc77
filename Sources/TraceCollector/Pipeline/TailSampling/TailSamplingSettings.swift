internal import NeedletailTracing
internal import TraceModel

/// `tail_sampling` of `traces.yaml`.
struct TailSamplingSettings: Sendable {
    /// From the first span of a trace to its decision.
    var decisionWait: Duration = .seconds(30)
    /// Traces that wait for their decision; more make the oldest be decided early.
    var traceCount = 50_000
    /// Decisions that are remembered for late spans.
    var sampledCacheSize = 50_000
    var notSampledCacheSize = 50_000
    /// The first policy that samples decides.
    var samplesOnFirstMatch = false
    var policies: [TailPolicy] = []
    /// Spans that wait; more make the oldest traces be decided early.
    var maximumSpans = 500_000
    /// Bytes of the spans that wait, as OTLP protobuf; about three times as much in memory.
    var maximumBytes = 128 << 20

    init() {}

    private static let keys = [
        "decision_wait", "num_traces", "expected_new_traces_per_sec", "decision_cache", "sample_on_first_match", "policies", "max_spans", "max_mib",
    ]

    init?(_ reader: YAMLReader) {
        guard let mapping = reader.mapping(Self.keys) else {
            if reader.isNull { reader.missing("policies", expected: "a list of policies") }
            return nil
        }
        decisionWait = mapping["decision_wait"]?.duration(atLeast: .milliseconds(1)) ?? decisionWait
        traceCount = mapping["num_traces"]?.integer(in: 1...100_000_000) ?? traceCount
        // Only the Collector's own memory management needs it.
        _ = mapping["expected_new_traces_per_sec"]?.integer(in: 0 ... .max)
        let cache = mapping["decision_cache"]?.mapping(["sampled_cache_size", "non_sampled_cache_size"])
        func size(_ key: String) -> Int {
            guard let size = cache?[key]?.integer(in: 0...100_000_000), size > 0 else { return traceCount }
            return size
        }
        sampledCacheSize = size("sampled_cache_size")
        notSampledCacheSize = size("non_sampled_cache_size")
        samplesOnFirstMatch = mapping["sample_on_first_match"]?.boolean() ?? false
        maximumSpans = mapping["max_spans"]?.integer(in: 1...1_000_000_000) ?? maximumSpans
        maximumBytes = (mapping["max_mib"]?.integer(in: 1...1_000_000)).map { $0 << 20 } ?? maximumBytes
        guard let list = mapping["policies"]?.list(), !list.isEmpty else {
            if mapping["policies"].map({ $0.isNull || $0.list()?.isEmpty == true }) ?? true { reader.missing("policies", expected: "a list of policies") }
            return nil
        }
        policies = TailPolicyReader.policies(list, depth: 0)
    }
}
