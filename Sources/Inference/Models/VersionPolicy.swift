/// Which of the versions in a model's folder are served: Triton's `ModelVersionPolicy`.
public enum VersionPolicy: Hashable, Sendable {
    /// The newest so many.
    case latest(Int)
    case all
    /// These, as far as they are there.
    case specific([Int])

    /// Of the versions that are there those that are served, the oldest first.
    package func served(of available: [Int]) -> [Int] {
        let sorted = available.sorted()
        switch self {
        case .latest(let count): return Array(sorted.suffix(count))
        case .all: return sorted
        case .specific(let versions): return sorted.filter(versions.contains)
        }
    }
}
