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

    /// A sampler that keeps the parent's decision.
    public init(root: any Sampler) {
        self.root = root
        self.remoteParentSampled = AlwaysOnSampler()
        self.remoteParentNotSampled = AlwaysOffSampler()
        self.localParentSampled = AlwaysOnSampler()
        self.localParentNotSampled = AlwaysOffSampler()
        self.followsFlag = true
    }

    /// A sampler with own delegates for spans with a parent.
    public init(
        root: any Sampler,
        remoteParentSampled: any Sampler,
        remoteParentNotSampled: any Sampler = AlwaysOffSampler(),
        localParentSampled: any Sampler = AlwaysOnSampler(),
        localParentNotSampled: any Sampler = AlwaysOffSampler()
    ) {
        self.root = root
        self.remoteParentSampled = remoteParentSampled
        self.remoteParentNotSampled = remoteParentNotSampled
        self.localParentSampled = localParentSampled
        self.localParentNotSampled = localParentNotSampled
        self.followsFlag = false
    }

    public func sample(_ request: SamplingRequest) -> SamplingResult {
        guard let parent = request.parent, let isSampled = parent.decision else { return root.sample(request) }
        if followsFlag { return SamplingResult(isSampled: isSampled) }
        let delegate: any Sampler =
            switch (parent.isRemote, isSampled) {
            case (true, true): remoteParentSampled
            case (true, false): remoteParentNotSampled
            case (false, true): localParentSampled
            case (false, false): localParentNotSampled
            }
        return delegate.sample(request)
    }

    public var description: String { "ParentBasedSampler{root: \(root)}" }
}
