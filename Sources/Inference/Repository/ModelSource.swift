/// A model as it lies in a repository, with its configuration read.
struct ModelSource: Sendable {
    var name: String
    /// The model's folder.
    var directory: String
    var configuration: ModelConfiguration
    /// Files that came with a load request; `nil` for a model of the repository itself.
    var temporaryFolder: TemporaryFolder?

    /// Reads the configuration of a model's folder.
    ///
    /// - Throws: what is wrong with it, and where.
    init(name: String, directory: String, isStrict: Bool) throws(InferenceError) {
        let file = RepositoryFolders.join(directory, "config.pbtxt")
        guard let text = try RepositoryFolders.text(of: file) else {
            guard !isStrict else {
                throw InferenceError(.invalidArgument, "there is no '\(file)', and --strict-model-config asks for one")
            }
            self.init(name: name, directory: directory, configuration: ModelConfiguration(modelName: name))
            return
        }
        do {
            self.init(name: name, directory: directory, configuration: try ModelConfiguration(text: text, file: file, modelName: name))
        } catch {
            throw InferenceError(.invalidArgument, "\(error)")
        }
        if isStrict { try checkComplete(file: file) }
    }

    /// A model as a load request describes it.
    ///
    /// - Parameter directory: the folder of the repository; `nil` when there is none. Not used when the request brings files.
    init(name: String, directory: String?, overrides: ModelRepository.Overrides) throws(InferenceError) {
        guard let json = overrides.configuration else {
            throw InferenceError(.invalidArgument, "Load parameter 'config' must be specified for model file override")
        }
        let configuration: ModelConfiguration
        do {
            configuration = try ModelConfiguration(json: json, modelName: name)
        } catch {
            throw ModelRepository.notPolled(name, reason: "\(error)")
        }
        if overrides.files.isEmpty {
            guard let directory else { throw ModelRepository.notPolled(name) }
            self.init(name: name, directory: directory, configuration: configuration)
        } else {
            let folder = try TemporaryFolder(files: overrides.files, modelName: name)
            self.init(name: name, directory: folder.path, configuration: configuration)
            temporaryFolder = folder
        }
    }

    private init(name: String, directory: String, configuration: ModelConfiguration) {
        self.name = name
        self.directory = directory
        self.configuration = configuration
    }

    private func checkComplete(file: String) throws(InferenceError) {
        let definition = configuration.definition
        guard definition.ensemble != nil || !(definition.backendName.isEmpty && definition.platform.isEmpty) else {
            throw InferenceError(.invalidArgument, "\(file): 'backend' or 'platform' must be given with --strict-model-config")
        }
        for (kind, isEmpty) in [("input", definition.inputs.isEmpty), ("output", definition.outputs.isEmpty)] where isEmpty {
            throw InferenceError(.invalidArgument, "\(file): at least one '\(kind)' must be given with --strict-model-config")
        }
    }

    /// Whether it is made of other models, and of which.
    var members: Set<String> { Set(configuration.definition.ensemble?.steps.map(\.modelName) ?? []) }

    /// The versions that are to be served, the oldest first.
    ///
    /// - Throws: `invalidArgument` when there is none.
    func versions() throws(InferenceError) -> [Int] {
        var available = RepositoryFolders.versions(in: directory)
        // An ensemble has nothing to put into a version's folder, and empty folders get lost on the way.
        if available.isEmpty, configuration.definition.ensemble != nil { available = [1] }
        let served = configuration.definition.versionPolicy.served(of: available)
        guard !served.isEmpty else {
            let found = available.isEmpty ? "its folder has no folder named by a version number" : "its folder has \(available)"
            throw InferenceError(.invalidArgument, "at least one version must be available under the version policy of model '\(name)': \(found)")
        }
        return served
    }

    func location(of version: Int) -> ModelLocation {
        ModelLocation(modelDirectory: directory, versionDirectory: RepositoryFolders.join(directory, String(version)))
    }
}
