public import TraceModel

/// Which spans a sampler of ``RuleBasedSampler`` is asked about: those that fit all that is given.
public struct SamplingRule: Sendable, CustomStringConvertible {
    /// The name of the span; `*` stands for any text, `?` for one character. `nil` fits all.
    public let name: String?
    /// `nil` fits all.
    public let kinds: Set<SpanKind>?
    /// The span starts with all of these. The text of a string may have `*` and `?`, as in ``name``.
    public let attributes: [Attribute]
    public let sampler: any Sampler

    private let namePattern: WildcardPattern?
    private let conditions: [Condition]

    private struct Condition: Sendable {
        var key: String
        var value: AttributeValue
        var pattern: WildcardPattern?

        func matches(_ attributes: [Attribute]) -> Bool {
            attributes.contains { attribute in
                guard attribute.key == key else { return false }
                if let pattern, case .string(let text) = attribute.value { return pattern.matches(text) }
                return attribute.value == value
            }
        }
    }

    public init(name: String? = nil, kinds: Set<SpanKind>? = nil, attributes: [Attribute] = [], sampler: any Sampler) {
        self.name = name
        self.kinds = kinds
        self.attributes = attributes
        self.sampler = sampler
        self.namePattern = name.map { WildcardPattern($0) }
        self.conditions = attributes.map { attribute in
            var condition = Condition(key: attribute.key, value: attribute.value)
            if case .string(let text) = attribute.value { condition.pattern = WildcardPattern(text) }
            return condition
        }
    }

    /// The rule is about this span.
    public func matches(_ request: SamplingRequest) -> Bool {
        if let kinds, !kinds.contains(request.kind) { return false }
        if let namePattern, !namePattern.matches(request.name) { return false }
        return conditions.allSatisfy { $0.matches(request.attributes) }
    }

    public var description: String {
        var parts: [String] = []
        if let name { parts.append("name: \(name)") }
        if let kinds { parts.append("kinds: \(kinds.map { "\($0)" }.sorted().joined(separator: "|"))") }
        parts += attributes.map(\.key)
        return "[\(parts.joined(separator: ", "))]: \(sampler)"
    }
}
