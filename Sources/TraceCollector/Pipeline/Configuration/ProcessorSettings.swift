internal import NeedletailTracing

/// What a processor of `traces.yaml` is to do.
enum ProcessorSettings: Sendable {
    /// One without state.
    case transform(any SpanTransform)
    case memoryLimiter(MemoryLimiter.Settings)
    case batch(BatchProcessor.Settings)
    case tailSampling(TailSamplingSettings)

    static let types = [
        "memory_limiter", "batch", "attributes", "resource", "probabilistic_sampler", "filter", "transform", "tail_sampling",
    ]

    /// `nil`, with mistakes, for what cannot be used.
    init?(_ type: String, _ reader: YAMLReader) {
        func transform<Transform: SpanTransform>(_ value: Transform?) -> ProcessorSettings? { value.map { .transform($0) } }
        let settings: ProcessorSettings? =
            switch type {
            case "memory_limiter": MemoryLimiter.Settings(reader).map { .memoryLimiter($0) }
            case "batch": BatchProcessor.Settings(reader).map { .batch($0) }
            case "attributes": transform(AttributesProcessor(reader))
            case "resource": transform(ResourceProcessor(reader))
            case "probabilistic_sampler": transform(ProbabilisticSampler(reader))
            case "filter": transform(FilterProcessor(reader))
            case "transform": transform(TransformProcessor(reader))
            default: TailSamplingSettings(reader).map { .tailSampling($0) }
            }
        guard let settings else { return nil }
        self = settings
    }
}
