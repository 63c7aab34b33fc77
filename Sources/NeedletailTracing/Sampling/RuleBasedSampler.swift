/// Asks the sampler of the first rule that fits a span, and another when none does.
///
/// ```swift
/// let sampler = ParentBasedSampler(root: RuleBasedSampler([
///     SamplingRule(name: "GET /health*", sampler: AlwaysOffSampler()),
///     SamplingRule(name: "POST /checkout", kinds: [.server], sampler: AlwaysOnSampler()),
/// ], otherwise: TraceIDRatioSampler(ratio: 0.1)))
/// ```
public struct RuleBasedSampler: Sampler {
    public let rules: [SamplingRule]
    /// Asked when no rule fits.
    public let otherwise: any Sampler

    public init(_ rules: [SamplingRule], otherwise: any Sampler) {
        self.rules = rules
        self.otherwise = otherwise
    }

    public func sample(_ request: SamplingRequest) -> SamplingResult {
        (rules.first { $0.matches(request) }?.sampler ?? otherwise).sample(request)
    }

    public var description: String {
        "RuleBasedSampler{\((rules.map(\.description) + ["otherwise: \(otherwise)"]).joined(separator: ", "))}"
    }
}
