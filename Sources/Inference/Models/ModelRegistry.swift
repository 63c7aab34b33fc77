internal import Synchronization

/// The models of a server, by name. Safe to use from any thread.
package final class ModelRegistry: Sendable {
    private let models = Mutex<[String: LoadedModel]>([:])

    package init() {}

    /// Adds a model.
    ///
    /// - Throws: `invalidArgument` for a wrong declaration, `alreadyExists` when the name is taken.
    package func load(_ model: Model) throws(InferenceError) {
        try model.definition.checkDeclaration()
        let name = model.definition.name
        let loaded = LoadedModel(model)
        let isNew = models.withLock { models in
            guard models[name] == nil else { return false }
            models[name] = loaded
            return true
        }
        guard isNew else { throw InferenceError(.alreadyExists, "model '\(name)' is already loaded; choose another name") }
    }

    /// Takes a model out of service; requests under way are finished. An unknown name is no error.
    package func remove(named name: String) {
        models.withLock { _ = $0.removeValue(forKey: name) }
    }

    /// The model of this name and version; without a version the only one there is.
    ///
    /// - Throws: `notFound` with Triton's words.
    package func model(named name: String, version: Int?) throws(InferenceError) -> LoadedModel {
        guard let model = models.withLock({ $0[name] }) else {
            throw InferenceError(.notFound, "Request for unknown model: '\(name)' is not found")
        }
        if let version, version != model.definition.version {
            throw InferenceError(.notFound, "Request for unknown model: '\(name)' version \(version) is not found")
        }
        return model
    }

    /// All models, sorted by name.
    package var all: [LoadedModel] {
        models.withLock { Array($0.values) }.sorted { $0.definition.name < $1.definition.name }
    }
}
