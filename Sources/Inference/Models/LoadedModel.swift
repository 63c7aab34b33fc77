/// A model that answers requests.
package final class LoadedModel: Sendable {
    package let definition: ModelDefinition
    package let scheduler: ModelScheduler
    /// The model's version as answers have it.
    package let versionText: String

    package init(_ model: Model) {
        definition = model.definition
        scheduler = ModelScheduler(model)
        versionText = String(model.definition.version)
    }
}
