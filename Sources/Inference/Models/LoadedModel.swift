internal import Synchronization

/// A model that answers requests.
package final class LoadedModel: Sendable {
    package let definition: ModelDefinition
    package let scheduler: ModelScheduler
    /// The model's version as answers have it.
    package let versionText: String
    /// Tells one loading of a model from the next; unique in the process.
    let generation: UInt64

    private static let lastGeneration = Atomic<UInt64>(0)

    package init(_ model: Model) {
        definition = model.definition
        scheduler = ModelScheduler(model)
        generation = Self.lastGeneration.wrappingAdd(1, ordering: .relaxed).newValue
        versionText = String(model.definition.version)
    }
}
