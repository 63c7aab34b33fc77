/// A sampler that asks other samplers.
protocol CompoundSampler: Sampler {
    var parts: [any Sampler] { get }
}

extension ParentBasedSampler: CompoundSampler {
    var parts: [any Sampler] { [root, remoteParentSampled, remoteParentNotSampled, localParentSampled, localParentNotSampled] }
}

extension AlwaysRecordSampler: CompoundSampler {
    var parts: [any Sampler] { [root] }
}

extension OperationSampler: CompoundSampler {
    var parts: [any Sampler] { Array(operations.values) + [otherwise] }
}

extension RuleBasedSampler: CompoundSampler {
    var parts: [any Sampler] { rules.map(\.sampler) + [otherwise] }
}

extension Sampler {
    /// The samplers in this one that have to be run.
    var remoteSamplers: [JaegerRemoteSampler] {
        if let remote = self as? JaegerRemoteSampler { return [remote] }
        guard let compound = self as? any CompoundSampler else { return [] }
        var found: [JaegerRemoteSampler] = []
        for part in compound.parts {
            for remote in part.remoteSamplers where !found.contains(where: { $0 === remote }) { found.append(remote) }
        }
        return found
    }
}
