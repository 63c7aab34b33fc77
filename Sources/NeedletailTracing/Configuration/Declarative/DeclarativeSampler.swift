/// The tree of samplers of a declarative configuration file.
enum DeclarativeSampler {
    private static let kinds = [
        "always_on", "always_off", "trace_id_ratio_based", "probability/development", "parent_based",
    ]

    /// `nil`, with a mistake, for what is no sampler.
    static func read(_ reader: YAMLReader) -> (any Sampler)? {
        guard let (kind, value) = reader.onlyEntry(kinds) else { return nil }
        switch kind {
        case "always_on":
            _ = value.mapping([])
            return AlwaysOnSampler()
        case "always_off":
            _ = value.mapping([])
            return AlwaysOffSampler()
        case "parent_based": return parentBased(value)
        default: return TraceIDRatioSampler(ratio: value.mapping(["ratio"])?["ratio"]?.number(in: 0...1) ?? 1)
        }
    }

    private static func parentBased(_ reader: YAMLReader) -> ParentBasedSampler {
        let keys = ["root", "remote_parent_sampled", "remote_parent_not_sampled", "local_parent_sampled", "local_parent_not_sampled"]
        let mapping = reader.mapping(keys)
        func delegate(_ key: String) -> (any Sampler)? {
            guard let reader = mapping?[key], !reader.isNull else { return nil }
            return read(reader)
        }
        let root = delegate("root") ?? AlwaysOnSampler()
        let delegates = keys.dropFirst().map { delegate($0) }
        // Without own delegates the parent's flag decides, which is quicker.
        guard delegates.contains(where: { $0 != nil }) else { return ParentBasedSampler(root: root) }
        return ParentBasedSampler(
            root: root,
            remoteParentSampled: delegates[0] ?? AlwaysOnSampler(),
            remoteParentNotSampled: delegates[1] ?? AlwaysOffSampler(),
            localParentSampled: delegates[2] ?? AlwaysOnSampler(),
            localParentNotSampled: delegates[3] ?? AlwaysOffSampler()
        )
    }
}
