/// Where models lie and when they are loaded: Triton's repository flags.
public struct RepositoryConfiguration: Hashable, Sendable {
    /// Who decides what is loaded: `--model-control-mode`.
    public enum ControlMode: Hashable, Sendable {
        /// All models at start, and no changes.
        case none
        /// All models at start; the folders are looked at again and again, and changes are followed.
        case poll(every: Duration)
        /// Clients load and unload.
        case explicit
    }

    /// The folders, each in Triton's layout: `name/config.pbtxt`, `name/version/file`.
    public var directories: [String]
    public var mode: ControlMode
    /// What is loaded at start in mode ``ControlMode/explicit``; `*` stands for all.
    public var modelsToLoad: [String]
    /// A configuration must be there, with all inputs and outputs: `--strict-model-config`. Otherwise it is completed from the model.
    public var isStrict: Bool
    /// The server does not start when a model cannot be loaded: `--exit-on-error`.
    public var exitsOnError: Bool
    /// Models that are loaded at the same time: `--model-load-thread-count`.
    public var maximumParallelLoads: Int
    /// The batch size of a model that takes batches and says no size: `--backend-config=default-max-batch-size`.
    public var defaultMaxBatchSize: Int

    /// Where the libraries of backends lie, besides the places that they are looked for: `--backend-directory`.
    public var backendDirectory: String?
    /// Settings of backends by their names, under "" those of all: `--backend-config`. A model's own parameters win over them.
    public var backendSettings: [String: [String: String]] = [:]
    /// The server is not ready while a model that should be there is not: `--strict-readiness`.
    public var isStrictlyReady = true

    public static let defaultParallelLoads = 4
    /// Triton's.
    public static let defaultBatchSize = 4
    /// Triton's `--repository-poll-secs`.
    public static let defaultPollInterval = Duration.seconds(15)

    public init(
        directories: [String] = [],
        mode: ControlMode = .none,
        modelsToLoad: [String] = [],
        strict: Bool = false,
        exitsOnError: Bool = true,
        maximumParallelLoads: Int = RepositoryConfiguration.defaultParallelLoads,
        defaultMaxBatchSize: Int = RepositoryConfiguration.defaultBatchSize
    ) {
        self.directories = directories
        self.mode = mode
        self.modelsToLoad = modelsToLoad
        isStrict = strict
        self.exitsOnError = exitsOnError
        self.maximumParallelLoads = maximumParallelLoads
        self.defaultMaxBatchSize = defaultMaxBatchSize
    }
}
