internal import Synchronization

/// A model that answers requests.
package final class LoadedModel: Sendable {
    package let definition: ModelDefinition
    package let scheduler: ModelScheduler
    /// The model's version as answers have it.
    package let versionText: String
    /// Tells one loading of a model from the next; unique in the process.
    let generation: UInt64

    private let backend: any ModelBackend

    private static let lastGeneration = Atomic<UInt64>(0)

    package init(_ model: Model) {
        definition = model.definition
        backend = model.backend
        scheduler = ModelScheduler(model)
        generation = Self.lastGeneration.wrappingAdd(1, ordering: .relaxed).newValue
        versionText = String(model.definition.version)
    }

    /// It answers now; `false` for example while its worker process is started again.
    package var isReady: Bool { backend.isReady }
}
