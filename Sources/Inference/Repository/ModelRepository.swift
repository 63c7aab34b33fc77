/// The models of folders in Triton's layout, and what clients ask of them: index, load, unload.
package final class ModelRepository: Sendable {
    /// One version of one model: Triton's repository index.
    package struct IndexEntry: Hashable, Sendable {
        package enum State: String, Hashable, Sendable {
            case loading = "LOADING"
            case ready = "READY"
            case unloading = "UNLOADING"
            case unavailable = "UNAVAILABLE"
        }

        package var name: String
        /// Empty when no version is known.
        package var version: String
        package var state: State?
        /// Why it is not ready.
        package var reason: String

        package init(name: String, version: String, state: State?, reason: String = "") {
            self.name = name
            self.version = version
            self.state = state
            self.reason = reason
        }
    }

    /// What a load request brings along: parameters `config` and `file:…`.
    package struct Overrides: Sendable {
        /// A model configuration as JSON, instead of `config.pbtxt`.
        package var configuration: String?
        /// Path within the model's folder → content, instead of the folder's files.
        package var files: [String: [UInt8]] = [:]

        package init(configuration: String? = nil, files: [String: [UInt8]] = [:]) {
            self.configuration = configuration
            self.files = files
        }
    }

    private let registry: ModelRegistry

    package init(registry: ModelRegistry) { self.registry = registry }

    /// All versions that are known, sorted by name and version.
    package func index(readyOnly: Bool) -> [IndexEntry] {
        registry.all.map { IndexEntry(name: $0.definition.name, version: $0.versionText, state: .ready) }
    }

    /// Loads a model, or loads it anew; the one that is served answers until the new one is ready.
    package func load(_ name: String, overrides: Overrides = Overrides()) async throws(InferenceError) {
        throw InferenceError(.internal, "failed to load '\(name)', failed to poll from model repository")
    }

    /// Takes a model out of service; requests under way are finished. An unknown name is no error.
    package func unload(_ name: String, unloadsDependents: Bool = false) async throws(InferenceError) {}
}
