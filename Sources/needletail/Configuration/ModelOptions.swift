internal import ArgumentParser
internal import Inference

/// Which models are served, and within which limits of all together.
struct ModelOptions: ParsableArguments {
    /// Who decides which models of the repositories are loaded: Triton's `--model-control-mode`.
    enum ControlMode: String, ExpressibleByArgument, CaseIterable {
        case none, poll, explicit
    }

    /// Models that the program brings along.
    enum SampleModel: String, ExpressibleByArgument, CaseIterable {
        case passthrough
    }

    @Option(help: ArgumentHelp("Folder of models in Triton's layout; may be repeated.", valueName: "folder"))
    var modelRepository: [String] = []

    @Option(help: ArgumentHelp("The same, as older versions of Triton called it.", visibility: .hidden))
    var modelStore: [String] = []

    @Option(help: "none: all are loaded at the start; poll: changes of the folders are followed; explicit: clients say.")
    var modelControlMode: ControlMode = .none

    @Option(help: ArgumentHelp("With explicit control a model to load at the start, \"*\" for all; may be repeated.", valueName: "name"))
    var loadModel: [String] = []

    @Option(help: ArgumentHelp("How often the folders are looked at, with --model-control-mode poll.", valueName: "seconds"))
    var repositoryPollSecs: Int = 15

    @Option(help: "true: a model without a complete config.pbtxt is refused; false: what is missing is read from the model.")
    var strictModelConfig: Switch?

    @Flag(help: ArgumentHelp("The same as --strict-model-config=true.", visibility: .hidden))
    var disableAutoCompleteConfig = false

    @Option(help: "Models that are loaded at the same time.")
    var modelLoadThreadCount: Int = RepositoryConfiguration.defaultParallelLoads

    @Option(help: "The server is not ready while a model that should be there is not.")
    var strictReadiness: Switch = Switch(true)

    @Option(help: "A model that cannot be loaded at the start ends the server.")
    var exitOnError: Switch?

    @Option(
        help: ArgumentHelp(
            "A Python callable to serve from worker processes; may be repeated.",
            discussion: "Declared with @needletail.model(inputs=…, outputs=…).",
            valueName: "file.py:name"
        )
    )
    var python: [String] = []

    @Option(help: ArgumentHelp("The Python to run workers with; numpy must be there.", valueName: "path"))
    var pythonExecutable: String?

    @Option(help: ArgumentHelp("The longest that one batch of a Python model takes; then its worker is started anew. 0: no limit.", valueName: "seconds"))
    var pythonBatchTimeoutSecs: Int = 0

    @Option(help: ArgumentHelp("The longest that a Python worker takes to start.", valueName: "seconds"))
    var pythonStartTimeoutSecs: Int = 120

    @Option(help: "A model of the program's own. Without any other model it is served anyway.")
    var sampleModel: [SampleModel] = []

    @Option(help: ArgumentHelp("Where backends find their libraries, for example OpenVINO's.", valueName: "folder"))
    var backendDirectory: String?

    @Option(help: ArgumentHelp("A backend's own setting; may be repeated.", valueName: "backend,setting=value"))
    var backendConfig: [String] = []

    @Option(help: ArgumentHelp("The response cache, as in local,size=1048576; may be repeated.", valueName: "cache,setting=value"))
    var cacheConfig: [String] = []

    @Option(help: ArgumentHelp("The response cache's size in bytes.", visibility: .hidden))
    var responseCacheByteSize: Int?

    @Option(help: ArgumentHelp("Where cache implementations lie.", visibility: .hidden))
    var cacheDirectory: String?

    @Option(help: "execution_count: executions wait for the resources that their models' rate_limiter names.")
    var rateLimit: RateLimitMode = .off

    @Option(help: ArgumentHelp("How much there is of a resource, as in R1:10; may be repeated.", valueName: "name:count"))
    var rateLimitResource: [String] = []

    enum RateLimitMode: String, ExpressibleByArgument, CaseIterable {
        case off
        case executionCount = "execution_count"
    }

    /// All folders of models, in the order given.
    var repositories: [String] { modelRepository + modelStore }

    func validate() throws {
        guard repositoryPollSecs > 0 else { throw ValidationError("--repository-poll-secs must be above 0, got \(repositoryPollSecs).") }
        guard modelLoadThreadCount > 0 else { throw ValidationError("--model-load-thread-count must be above 0, got \(modelLoadThreadCount).") }
        guard pythonBatchTimeoutSecs >= 0, pythonStartTimeoutSecs > 0 else {
            throw ValidationError("--python-batch-timeout-secs must be 0 or more, and --python-start-timeout-secs above 0.")
        }
        guard loadModel.isEmpty || modelControlMode == .explicit else {
            throw ValidationError("Use of '--load-model' requires setting '--model-control-mode=explicit' as well.")
        }
        for folder in repositories where folder.isEmpty { throw ValidationError("--model-repository needs the path of a folder.") }
    }
}
