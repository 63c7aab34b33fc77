internal import TraceModel

/// What the built-in samplers decide, worked out when the tracer is made: the hot path compares two integers, builds no
/// ``SamplingRequest`` and no text.
struct SamplingShortcut: Sendable {
    private enum Rule: Sendable {
        /// By the threshold, whatever the parent says.
        case threshold
        /// The parent's decision, or the threshold for a root span.
        case parentElseThreshold
        /// The parent's decision, or the sampler has to be asked.
        case parentElseAsk
        /// The sampler has to be asked.
        case ask
    }

    private let rule: Rule
    /// 2^56 rejects all.
    private let limit: UInt64
    /// The `tracestate` of a sampled root span.
    private let rootState: String

    init(_ sampler: any Sampler) {
        let parentBased = (sampler as? ParentBasedSampler).flatMap { $0.followsFlag ? $0 : nil }
        switch parentBased?.root ?? sampler {
        case is AlwaysOnSampler: (limit, rootState) = (0, "")
        case is AlwaysOffSampler: (limit, rootState) = (SamplingThreshold.limit, "")
        case let ratio as TraceIDRatioSampler:
            limit = ratio.threshold?.value ?? SamplingThreshold.limit
            rootState = ratio.threshold.map { OpenTelemetryTraceState.traceState("", settingThreshold: $0) } ?? ""
        default:
            (limit, rootState) = (0, "")
            rule = parentBased == nil ? .ask : .parentElseAsk
            return
        }
        rule = parentBased == nil ? .threshold : .parentElseThreshold
    }

    /// The decision; `nil` when the sampler has to be asked. Brings the `tracestate` of `context`, still the parent's, up to date.
    @inline(__always)
    func isSampled(_ context: inout TraceContext, parent: TraceContext?, parentDecision: Bool?) -> Bool? {
        if let parentDecision, rule == .parentElseThreshold || rule == .parentElseAsk {
            // What a local parent has was looked at when it started.
            if !context.traceState.isEmpty, parent?.isRemote == true {
                context.traceState = context.inheritedTraceState(isSampled: parentDecision)
            }
            return parentDecision
        }
        guard rule == .threshold || rule == .parentElseThreshold else { return nil }
        guard context.traceState.isEmpty else { return decideWithTraceState(&context) }
        guard context.traceID.randomness >= limit else { return false }
        context.traceState = rootState
        return true
    }

    @inline(never)
    private func decideWithTraceState(_ context: inout TraceContext) -> Bool {
        let isSampled = context.randomness >= limit
        var threshold: SamplingThreshold?
        if isSampled {
            // "Always on" says so only where it has to contradict another threshold.
            let replaces = OpenTelemetryTraceState(traceState: context.traceState)?.hasThreshold == true
            threshold = SamplingThreshold(traceState: rootState) ?? (replaces ? .always : nil)
        }
        context.traceState = OpenTelemetryTraceState.traceState(context.traceState, settingThreshold: threshold)
        return isSampled
    }
}

extension TraceContext {
    /// The `tracestate` of a child that follows its parent's decision: without a threshold that would lie, because it contradicts
    /// the decision or nothing is sampled.
    @inline(never)
    func inheritedTraceState(isSampled: Bool) -> String {
        guard let member = OpenTelemetryTraceState(traceState: traceState), member.hasThreshold else { return traceState }
        if isSampled, let threshold = member.threshold, threshold.accepts(randomness) { return traceState }
        return OpenTelemetryTraceState.traceState(traceState, settingThreshold: nil)
    }

    /// Takes over what a sampler decided; the `tracestate` still is the parent's.
    mutating func apply(_ result: SamplingResult) {
        if let text = result.traceState, let checked = TraceContext.normalizedTraceState(text) { traceState = checked }
        switch result.probability {
        case .threshold(let threshold) where result.isSampled:
            traceState = OpenTelemetryTraceState.traceState(traceState, settingThreshold: threshold)
        case .inherited where result.isSampled:
            traceState = inheritedTraceState(isSampled: true)
        default:
            if !traceState.isEmpty { traceState = OpenTelemetryTraceState.traceState(traceState, settingThreshold: nil) }
        }
    }
}
