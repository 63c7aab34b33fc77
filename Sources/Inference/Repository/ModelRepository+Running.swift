internal import Logging
internal import Synchronization

/// The repository as a service: what is loaded at start, what is followed, and how it ends.
extension ModelRepository {
    /// Loads the models of the start, follows the folders in mode `poll`, and ends models that were replaced; runs until its task is
    /// cancelled. Then all models of the repository are unloaded.
    ///
    /// - Throws: `invalidArgument` when a folder cannot be read, or a model cannot be loaded and the server must not start without.
    package func run() async throws {
        let (retirements, continuation) = AsyncStream.makeStream(of: Retirement.self)
        state.withLock { $0.retirements = continuation }
        defer {
            state.withLock { $0.retirements = nil }
            continuation.finish()
        }
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { [self] in await end(retirements) }
            do {
                try await start()
                try await follow()
            } catch is CancellationError {}
            state.withLock { $0.retirements = nil }
            continuation.finish()
            // The task is cancelled, but workers have to be told to end; nothing else waits for this task, and this waits for it.
            await Task { [self] in await unloadAll() }.value
            try await group.waitForAll()
        }
    }

    /// Awaits the end of each version on its own, so that one that hangs holds up no other.
    private func end(_ retirements: AsyncStream<Retirement>) async {
        await withDiscardingTaskGroup { group in
            for await retirement in retirements {
                group.addTask { [self] in await finish(retirement) }
            }
        }
    }

    private func unloadAll() async {
        let names = state.withLock { state in state.models.filter { !$0.value.served.isEmpty }.keys.sorted() }
        await withDiscardingTaskGroup { group in
            for name in names {
                group.addTask { [self] in await perform(unload: name, isWanted: false) }
            }
        }
    }

    // MARK: Start

    private func start() async throws {
        guard !configuration.directories.isEmpty else { return }
        let names = try namesToLoad()
        let failures = await load(all: names)
        if !failures.isEmpty, configuration.exitsOnError {
            let reasons = failures.sorted { $0.key < $1.key }.map { "\n  \($0.key): \($0.value)" }.joined()
            throw InferenceError(.invalidArgument, "failed to load all models; --exit-on-error=false starts the server without them:\(reasons)")
        }
        state.withLock { $0.isStarted = true }
    }

    private func namesToLoad() throws(InferenceError) -> [String] {
        var all: Set<String> = []
        for directory in configuration.directories {
            do {
                all.formUnion(try RepositoryFolders.models(in: directory).keys)
            } catch {
                throw InferenceError(.invalidArgument, "model repository: \(error.message)")
            }
        }
        guard case .explicit = configuration.mode, !configuration.modelsToLoad.contains("*") else { return all.sorted() }
        return configuration.modelsToLoad
    }

    /// Loads models side by side, ensembles after what they are made of.
    ///
    /// - Returns: why models are not there.
    private func load(all names: [String]) async -> [String: String] {
        var failures: [String: String] = [:]
        var sources: [ModelSource] = []
        for name in names {
            do {
                sources.append(try source(of: name))
            } catch {
                failures[name] = error.message
                logger.error("\(error.message)")
            }
        }
        let simple = sources.filter(\.members.isEmpty)
        failures.merge(await load(sources: simple), uniquingKeysWith: { $1 })
        // One after another: the first loads what the next one may be made of.
        for source in sources where !source.members.isEmpty && registry.versions(named: source.name).isEmpty {
            failures.merge(await load(sources: [source]), uniquingKeysWith: { $1 })
        }
        return failures
    }

    private func load(sources: [ModelSource]) async -> [String: String] {
        await withTaskGroup(of: (String, InferenceError?).self) { group in
            var failures: [String: String] = [:]
            var waiting = sources.makeIterator()
            func next() {
                guard let source = waiting.next() else { return }
                group.addTask { [self] in (source.name, await attempt(source)) }
            }
            for _ in 0..<max(1, configuration.maximumParallelLoads) { next() }
            for await (name, failure) in group {
                if let failure { failures[name] = failure.message }
                next()
            }
            return failures
        }
    }

    private func attempt(_ source: ModelSource) async -> InferenceError? {
        let names = state.withLock { $0.dependents(of: [source.name]) }.union(source.members).union([source.name])
        let result: Result<Void, InferenceError> = await locks.withNames(names) { await Result { () async throws(InferenceError) in try await self.perform(load: source) } }
        if case .failure(let error) = result { return error }
        return nil
    }

    // MARK: Following

    private func follow() async throws {
        guard case .poll(let interval) = configuration.mode, !configuration.directories.isEmpty else {
            // Nothing to do until the end: the cancellation ends the sleep.
            while true { try await Task.sleep(for: .seconds(86_400)) }
        }
        while true {
            try await Task.sleep(for: interval)
            await poll()
        }
    }

    /// Looks at the folders once and follows what has changed.
    package func poll() async {
        var found: [String: [String]] = [:]
        for directory in configuration.directories {
            do throws(InferenceError) {
                for (name, path) in try RepositoryFolders.models(in: directory) { found[name, default: []].append(path) }
            } catch {
                // A folder that cannot be read for a moment must not unload everything.
                return logger.warning("The model repository is not looked at: \(error.message)")
            }
        }
        let known = state.withLock { $0.models }
        for (name, model) in known where found[name] == nil && !(model.served.isEmpty && model.fingerprint.isEmpty) {
            logger.info("Model '\(name)' is not in the repository any more")
            await locks.withNames(state.withLock { $0.dependents(of: [name]) }.union([name])) { await self.perform(unload: name, isWanted: false) }
            state.withLock { $0.models[name]?.fingerprint = [] }
        }
        var changed: [ModelSource] = []
        for (name, paths) in found.sorted(by: { $0.key < $1.key }) {
            guard paths.count == 1 else { continue }
            let fingerprint = RepositoryFolders.fingerprint(of: paths[0])
            guard known[name]?.fingerprint != fingerprint else { continue }
            // Noted before it is tried: a broken model is tried again when it changes, not each time.
            state.withLock { $0.models[name, default: ModelState()].fingerprint = fingerprint }
            do {
                changed.append(try source(of: name))
            } catch {
                logger.error("\(error.message)")
            }
        }
        _ = await load(sources: changed.filter(\.members.isEmpty))
        for source in changed where !source.members.isEmpty { _ = await load(sources: [source]) }
    }
}
