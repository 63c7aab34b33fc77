extension ModelRepository {
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
}
