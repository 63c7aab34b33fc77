/// Instances of a model that are alike: Triton's `ModelInstanceGroup`. On this server all of them run on the CPU.
public struct InstanceGroup: Hashable, Sendable {
    public enum Kind: String, Hashable, Sendable, CaseIterable {
        case auto = "KIND_AUTO"
        case gpu = "KIND_GPU"
        case cpu = "KIND_CPU"
        case model = "KIND_MODEL"
    }

    public var name: String
    public var kind: Kind
    public var count: Int

    public init(name: String, kind: Kind = .cpu, count: Int = 1) {
        self.name = name
        self.kind = kind
        self.count = count
    }
}
