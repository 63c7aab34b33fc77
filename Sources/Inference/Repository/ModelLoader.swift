/// Makes a version of a model of a repository ready to answer.
struct ModelLoader: Sendable {
    let configuration: RepositoryConfiguration
    let factories: [any BackendFactory]
    let registry: ModelRegistry

    /// Completes the declaration, loads the backend, warms it up and makes the scheduler.
    ///
    /// - Throws: why the version cannot be served, for people.
    func load(_ source: ModelSource, version: Int) async throws(InferenceError) -> ServedVersion {
        var definition = source.configuration.definition
        definition.version = version
        definition.directory = source.directory
        let location = source.location(of: version)
        let backend: any ModelBackend
        if definition.ensemble != nil || definition.platform == "ensemble" {
            backend = try ensemble(&definition)
        } else {
            let factory = try self.factory(for: &definition, location: location)
            definition = try await factory.complete(definition, location: location)
            if definition.backendName.isEmpty { definition.backendName = factory.backendNames.min() ?? "" }
            try definition.checkDeclaration()
            backend = try factory.backend(for: definition, location: location)
        }
        try readLabels(&definition, directory: source.directory)
        try definition.checkDeclaration()
        let reshaped = ReshapingBackend.wrap(backend, definition: definition)
        do {
            try await reshaped.load()
        } catch let error as InferenceError {
            throw error
        } catch {
            throw InferenceError(.internal, "\(error)")
        }
        let model = Model(definition, backend: reshaped)
        do {
            try await model.warmUp(modelDirectory: source.directory)
        } catch {
            await reshaped.unload()
            throw error
        }
        return ServedVersion(model: LoadedModel(model), backend: reshaped, temporaryFolder: source.temporaryFolder)
    }

    private func ensemble(_ definition: inout ModelDefinition) throws(InferenceError) -> any ModelBackend {
        definition.platform = "ensemble"
        definition.backendName = ""
        try definition.checkDeclaration()
        // It only waits for its members, which have limits of their own.
        definition.executionsPerInstance = EnsembleBackend.maximumRunningRequests
        let plan = try EnsemblePlan(definition, registry: registry)
        return EnsembleBackend(plan: plan, definition: definition)
    }

    /// Who computes the model: as the configuration says, or by the files in the version's folder.
    private func factory(for definition: inout ModelDefinition, location: ModelLocation) throws(InferenceError) -> any BackendFactory {
        let word = definition.backendName.isEmpty ? definition.platform : definition.backendName
        if !word.isEmpty {
            guard let factory = factories.first(where: { $0.backendNames.contains(word) }) else {
                let known = factories.flatMap(\.backendNames).sorted().joined(separator: ", ")
                throw InferenceError(
                    .invalidArgument,
                    "unable to find the backend '\(word)' for model '\(definition.name)'; this server has: ensemble\(known.isEmpty ? "" : ", ")\(known)"
                )
            }
            return factory
        }
        let files = try RepositoryFolders.entries(of: location.versionDirectory)
        for factory in factories {
            let isGiven = !definition.defaultModelFilename.isEmpty
            let candidates = isGiven ? [definition.defaultModelFilename] : files
            guard let file = candidates.first(where: { file in factory.modelFilenames.contains { file == $0 || file.hasSuffix($0) } }) else { continue }
            definition.defaultModelFilename = file
            return factory
        }
        let ends = factories.flatMap(\.modelFilenames).sorted().joined(separator: ", ")
        throw InferenceError(
            .invalidArgument,
            """
            no backend knows a file of '\(location.versionDirectory)', which has \(files.isEmpty ? "none" : files.joined(separator: ", ")); \
            known are \(ends.isEmpty ? "none" : ends). Name the model's file so, or give 'backend' and 'default_model_filename' in config.pbtxt
            """
        )
    }

    /// The names of an output's indexes.
    private func readLabels(_ definition: inout ModelDefinition, directory: String) throws(InferenceError) {
        for index in definition.outputs.indices where !definition.outputs[index].labelFilename.isEmpty {
            let path = RepositoryFolders.join(directory, definition.outputs[index].labelFilename)
            guard let text = try RepositoryFolders.text(of: path) else {
                throw InferenceError(.invalidArgument, "the label_filename '\(path)' of output '\(definition.outputs[index].name)' does not exist")
            }
            definition.outputs[index].labels = String(decoding: text, as: UTF8.self).split(whereSeparator: \.isNewline).map(String.init)
        }
    }
}

/// A version of a repository's model that answers, or is about to stop.
struct ServedVersion: Sendable {
    let model: LoadedModel
    let backend: any ModelBackend
    /// Kept as long as the version: its files may be mapped into memory.
    let temporaryFolder: TemporaryFolder?

    var version: Int { model.definition.version }

    /// Waits for the requests under way, then gives everything back.
    func retire() async {
        await model.scheduler.drain(finishesQueued: true)
        await backend.unload()
    }
}
