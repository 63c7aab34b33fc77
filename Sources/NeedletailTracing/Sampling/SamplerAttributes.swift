internal import TraceModel

/// What a span says of the sampler that took it, under the names of Jaeger's clients.
enum SamplerAttributes {
    static func make(type: String, parameter: AttributeValue) -> [Attribute] {
        [Attribute("sampler.type", .string(type)), Attribute("sampler.param", parameter)]
    }
}
