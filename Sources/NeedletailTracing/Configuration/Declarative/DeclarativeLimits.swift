/// `attribute_limits` and, winning over them, `tracer_provider.limits`.
enum DeclarativeLimits {
    static func read(_ general: YAMLReader?, _ provider: YAMLReader?) -> SpanLimits {
        var limits = SpanLimits()
        let valueLength = "attribute_value_length_limit"
        let count = "attribute_count_limit"
        if let general = general?.mapping([valueLength, count]) {
            limits.attributeValueLength = general[valueLength]?.integer(in: 0 ... .max)
            if let count = general[count]?.integer(in: 0 ... .max) {
                limits.attributeCount = count
                limits.attributeCountPerEvent = count
                limits.attributeCountPerLink = count
            }
        }
        // The provider's other keys are somebody else's.
        guard provider?.isNull == false, case .mapping = provider?.value.content, let own = provider?.mapping()?["limits"] else { return limits }
        let keys = [
            valueLength, count, "event_count_limit", "link_count_limit", "event_attribute_count_limit", "link_attribute_count_limit",
        ]
        guard let own = own.mapping(keys) else { return limits }
        func limit(_ key: String, _ current: Int) -> Int { own[key]?.integer(in: 0 ... .max) ?? current }
        if let length = own[valueLength]?.integer(in: 0 ... .max) { limits.attributeValueLength = length }
        limits.attributeCount = limit(count, limits.attributeCount)
        limits.eventCount = limit("event_count_limit", limits.eventCount)
        limits.linkCount = limit("link_count_limit", limits.linkCount)
        limits.attributeCountPerEvent = limit("event_attribute_count_limit", limits.attributeCountPerEvent)
        limits.attributeCountPerLink = limit("link_attribute_count_limit", limits.attributeCountPerLink)
        return limits
    }
}
