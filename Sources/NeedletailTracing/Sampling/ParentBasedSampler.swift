internal import TraceModel

/// Follows the decision of the parent; a root span asks another sampler.
///
/// Each of the five cases of the OpenTelemetry specification has its own delegate.
public struct ParentBasedSampler: Sampler {
    /// Asked when there is no valid parent.
    public let root: any Sampler
    public let remoteParentSampled: any Sampler
    public let remoteParentNotSampled: any Sampler
    public let localParentSampled: any Sampler
    public let localParentNotSampled: any Sampler
    /// All four delegates for a parent are the usual ones, so that the parent's flag is the answer.
    let followsFlag: Bool

    /// A sampler that keeps the parent's decision, or asks own delegates for spans with a parent.
    public init(
        root: any Sampler,
        remoteParentSampled: any Sampler = AlwaysOnSampler(),
        remoteParentNotSampled: any Sampler = AlwaysOffSampler(),
        localParentSampled: any Sampler = AlwaysOnSampler(),
        localParentNotSampled: any Sampler = AlwaysOffSampler()
    ) {
        self.root = root
        self.remoteParentSampled = remoteParentSampled
        self.remoteParentNotSampled = remoteParentNotSampled
        self.localParentSampled = localParentSampled
        self.localParentNotSampled = localParentNotSampled
        self.followsFlag =
            remoteParentSampled is AlwaysOnSampler && remoteParentNotSampled is AlwaysOffSampler
            && localParentSampled is AlwaysOnSampler && localParentNotSampled is AlwaysOffSampler
    }

    public func sample(_ request: SamplingRequest) -> SamplingResult {
        guard let parent = request.parent, let isSampled = parent.decision else { return root.sample(request) }
        if followsFlag { return SamplingResult(isSampled ? .recordAndSample : .drop, probability: .inherited) }
        let delegate: any Sampler =
            switch (parent.isRemote, isSampled) {
            case (true, true): remoteParentSampled
            case (true, false): remoteParentNotSampled
            case (false, true): localParentSampled
            case (false, false): localParentNotSampled
            }
        var result = delegate.sample(request)
        guard case .threshold(let threshold) = result.probability else { return result }
        // The span went through the parent's sampler and this one: the stricter counts, if both are known. What the parent's
        // sampler rejected and this one took has no probability that one span could tell.
        if isSampled, let inherited = SamplingThreshold(traceState: parent.traceState) {
            result.probability = threshold > inherited ? result.probability : .inherited
        } else {
            result.probability = .unknown
        }
        return result
    }

    public var description: String {
        guard !followsFlag else { return "ParentBased{root: \(root)}" }
        return "ParentBased{root: \(root), remoteParentSampled: \(remoteParentSampled), remoteParentNotSampled: \(remoteParentNotSampled), "
            + "localParentSampled: \(localParentSampled), localParentNotSampled: \(localParentNotSampled)}"
    }
}
