internal import Synchronization

/// The models of a server that answer requests, by name and version. Safe to use from any thread.
package final class ModelRegistry: Sendable {
    private struct Entry {
        /// What a request gets that names no version.
        var newest: LoadedModel?
        /// The oldest first.
        var versions: [LoadedModel] = []
        /// All versions that were ever served under this name.
        var known: Set<Int> = []

        mutating func set(_ versions: [LoadedModel]) {
            self.versions = versions.sorted { $0.definition.version < $1.definition.version }
            newest = self.versions.last
            known.formUnion(versions.map(\.definition.version))
        }
    }

    private let models = Mutex<[String: Entry]>([:])

    package init() {}

    /// Adds a model, or a further version of one.
    ///
    /// - Throws: `invalidArgument` for a wrong declaration, `alreadyExists` when name and version are taken.
    package func load(_ model: Model) throws(InferenceError) {
        try model.definition.checkDeclaration()
        let name = model.definition.name
        let version = model.definition.version
        let loaded = LoadedModel(model)
        let isNew = models.withLock { models in
            var entry = models[name] ?? Entry()
            guard !entry.versions.contains(where: { $0.definition.version == version }) else { return false }
            entry.set(entry.versions + [loaded])
            models[name] = entry
            return true
        }
        guard isNew else {
            throw InferenceError(.alreadyExists, "model '\(name)' is already loaded in version \(version); choose another name or version")
        }
    }

    /// Forgets a model; requests under way are finished. An unknown name is no error.
    package func remove(named name: String) {
        models.withLock { _ = $0.removeValue(forKey: name) }
    }

    /// Serves these versions of a model, and no others, from now on.
    ///
    /// - Returns: the versions that were served before; requests under way may still use them.
    package func publish(_ versions: [LoadedModel], name: String) -> [LoadedModel] {
        models.withLock { models in
            var entry = models[name] ?? Entry()
            let replaced = entry.versions
            entry.set(versions)
            models[name] = entry
            return replaced
        }
    }

    /// Takes a model out of service; its name stays known.
    ///
    /// - Returns: the versions that were served; requests under way may still use them.
    package func withdraw(_ name: String) -> [LoadedModel] {
        models.withLock { models in
            guard var entry = models[name] else { return [] }
            let versions = entry.versions
            entry.set([])
            models[name] = entry
            return versions
        }
    }

    /// The model of this name and version; without a version the newest that is served.
    ///
    /// - Throws: `notFound`, or `unavailable` for a version that is not served now, with Triton's words.
    package func model(named name: String, version: Int?) throws(InferenceError) -> LoadedModel {
        guard let entry = models.withLock({ $0[name] }) else {
            throw InferenceError(.notFound, "Request for unknown model: '\(name)' is not found")
        }
        guard let version else {
            guard let newest = entry.newest else {
                throw InferenceError(.notFound, "Request for unknown model: '\(name)' has no available versions")
            }
            return newest
        }
        if let newest = entry.newest, newest.definition.version == version { return newest }
        if let model = entry.versions.first(where: { $0.definition.version == version }) { return model }
        guard entry.known.contains(version) else {
            throw InferenceError(.notFound, "Request for unknown model: '\(name)' version \(version) is not found")
        }
        throw InferenceError(.unavailable, "Request for unknown model: '\(name)' version \(version) is not at ready state")
    }

    /// The served versions of a model, the oldest first; empty when it is unknown.
    package func versions(named name: String) -> [LoadedModel] {
        models.withLock { $0[name]?.versions ?? [] }
    }

    /// All models that are served, sorted by name and version.
    package var all: [LoadedModel] {
        models.withLock { models in models.values.flatMap(\.versions) }.sorted {
            ($0.definition.name, $0.definition.version) < ($1.definition.name, $1.definition.version)
        }
    }
}
