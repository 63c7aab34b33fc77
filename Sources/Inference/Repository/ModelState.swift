/// What a repository knows of one model.
struct ModelState: Sendable {
    struct Version: Sendable {
        var state: ModelRepository.IndexEntry.State
        /// Why it is not ready; of one that is ready, why its successor is not.
        var reason = ""
    }

    var versions: [Int: Version] = [:]
    /// The versions that answer.
    var served: [ServedVersion] = []
    /// Of a model of the program's own, what is served again when it is loaded again.
    var own: [LoadedModel] = []
    /// The models that it is made of.
    var members: Set<String> = []
    /// It is to be served: as soon as what it is made of is there, it is.
    var isWanted = false
    /// Why it cannot be read at all.
    var failure: String?
    /// The files that it was loaded from, to see changes.
    var fingerprint: [String] = []
    /// How it was loaded, to load it again when a member changes.
    var source: ModelSource?
}

extension ModelRepository.State {
    /// The models that this one is made of, also those of its members.
    func members(of name: String) -> Set<String> {
        var names: Set<String> = []
        var open = Array(models[name]?.members ?? [])
        while let name = open.popLast() {
            if names.insert(name).inserted { open += models[name]?.members ?? [] }
        }
        return names
    }

    /// The ensembles that are made of one of these, also of one another.
    func dependents(of names: Set<String>) -> Set<String> {
        var result: Set<String> = []
        var open = names
        while !open.isEmpty {
            let next = Set(models.filter { !$0.value.members.isDisjoint(with: open) }.keys).subtracting(result)
            result.formUnion(next)
            open = next
        }
        return result
    }
}
