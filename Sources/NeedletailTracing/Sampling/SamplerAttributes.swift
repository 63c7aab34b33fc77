package import TraceModel

/// What a span says of the sampler that took it, under the names of Jaeger's clients.
package enum SamplerAttributes {
    package static func make(type: String, parameter: AttributeValue) -> [Attribute] {
        [Attribute("sampler.type", .string(type)), Attribute("sampler.param", parameter)]
    }
}
