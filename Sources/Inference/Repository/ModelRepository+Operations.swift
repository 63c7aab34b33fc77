internal import Logging
internal import Synchronization

/// The steps of loading and unloading; the names are locked.
extension ModelRepository {
    /// Loads a model with its members, then the ensembles that are made of it.
    func perform(load source: ModelSource) async throws(InferenceError) {
        state.withLock { $0.models[source.name, default: ModelState()].isWanted = true }
        do throws(InferenceError) {
            try await loadMembers(of: source, path: [source.name])
            try await loadVersions(of: source)
        } catch {
            logger.error("Model '\(source.name)' is not loaded: \(error.message)")
            throw error
        }
        await reloadDependents(of: source.name)
    }

    /// Serves a model of the program's own again.
    ///
    /// - Returns: whether there is one of this name.
    func restoreOwn(_ name: String) -> Bool {
        if registry.all.contains(where: { $0.definition.name == name }), state.withLock({ $0.models[name] == nil }) { return true }
        let own = state.withLock { state in
            guard let own = state.models[name]?.own, !own.isEmpty else { return [LoadedModel]() }
            state.models[name] = nil
            return own
        }
        guard !own.isEmpty else { return false }
        _ = registry.publish(own, name: name)
        return true
    }

    /// Loads the members of an ensemble that are not served yet.
    private func loadMembers(of source: ModelSource, path: [String]) async throws(InferenceError) {
        for name in source.members.sorted() {
            guard !path.contains(name) else {
                throw failure(of: source.name, "the ensembles are made of each other: \((path + [name]).joined(separator: " → "))")
            }
            guard registry.versions(named: name).isEmpty else { continue }
            let member: ModelSource
            do throws(InferenceError) {
                member = try self.source(of: name)
                try await loadMembers(of: member, path: path + [name])
                try await loadVersions(of: member)
            } catch {
                throw failure(of: source.name, "ensemble '\(source.name)' depends on '\(name)' which has no loaded version. Model '\(name)' loading failed with error: \(error.message)")
            }
            state.withLock { $0.models[name, default: ModelState()].isWanted = true }
        }
    }

    /// Loads all versions that the policy names, or leaves everything as it was.
    func loadVersions(of source: ModelSource) async throws(InferenceError) {
        let name = source.name
        say(source.configuration.notices, of: name)
        let fingerprint = source.temporaryFolder == nil ? RepositoryFolders.fingerprint(of: source.directory) : []
        let versions: [Int]
        do {
            versions = try source.versions()
        } catch {
            throw failure(of: name, error.message)
        }
        state.withLock { state in
            var model = state.models[name] ?? ModelState()
            model.members = source.members
            model.failure = nil
            model.fingerprint = fingerprint
            for version in versions where model.versions[version]?.state != .ready { model.versions[version] = .init(state: .loading) }
            state.models[name] = model
        }
        var loaded: [ServedVersion] = []
        var failures: [(version: Int, reason: String)] = []
        for version in versions {
            do throws(InferenceError) {
                loaded.append(try await loader.load(source, version: version))
            } catch {
                failures.append((version, error.message))
            }
        }
        guard failures.isEmpty else {
            for version in loaded { await version.backend.unload() }
            note(failures, of: name, versions: versions)
            let text = failures.map { "version \($0.version) is at UNAVAILABLE state: \($0.reason);" }.joined(separator: " ")
            throw InferenceError(.invalidArgument, "load failed for model '\(name)': \(text)")
        }
        await publish(loaded, source: source)
    }

    /// Notes why versions are not there; those that were served before still are.
    private func note(_ failures: [(version: Int, reason: String)], of name: String, versions: [Int]) {
        state.withLock { state in
            for version in versions where state.models[name]?.versions[version]?.state == .loading {
                state.models[name]?.versions[version] = .init(state: .unavailable, reason: "unloaded")
            }
            for (version, reason) in failures {
                let isServed = state.models[name]?.served.contains { $0.version == version } ?? false
                state.models[name]?.versions[version] = .init(state: isServed ? .ready : .unavailable, reason: reason)
            }
        }
    }

    private func publish(_ loaded: [ServedVersion], source: ModelSource) async {
        let name = source.name
        _ = registry.publish(loaded.map(\.model), name: name)
        let replaced = state.withLock { state in
            var model = state.models[name] ?? ModelState()
            let replaced = model.served
            model.served = loaded
            model.source = source
            for version in loaded { model.versions[version.version] = .init(state: .ready) }
            for old in replaced where !loaded.contains(where: { $0.version == old.version }) {
                model.versions[old.version] = .init(state: .unloading)
            }
            state.models[name] = model
            return replaced
        }
        let versions = loaded.map { String($0.version) }.joined(separator: ", ")
        logger.info("Model '\(name)' is ready in version \(versions)")
        for version in replaced { await retire(version, name: name) }
    }

    /// Takes a model and the ensembles that are made of it out of service.
    ///
    /// - Parameter isWanted: it comes back with what it is made of.
    func perform(unload name: String, isWanted: Bool) async {
        for dependent in state.withLock({ $0.dependents(of: [name]) }).sorted() where dependent != name {
            await takeOut(dependent)
        }
        await takeOut(name)
        state.withLock { $0.models[name]?.isWanted = isWanted }
    }

    private func takeOut(_ name: String) async {
        let (served, isKnown) = state.withLock { state -> ([ServedVersion], Bool) in
            guard var model = state.models[name] else { return ([], false) }
            let served = model.served
            model.served = []
            for version in served { model.versions[version.version] = .init(state: .unloading, reason: "") }
            state.models[name] = model
            return (served, true)
        }
        let withdrawn = registry.withdraw(name)
        if !isKnown, !withdrawn.isEmpty {
            // A model of the program's own: what it is made of stays with the program.
            state.withLock { state in
                var model = ModelState()
                model.own = withdrawn
                for own in withdrawn { model.versions[own.definition.version] = .init(state: .unavailable, reason: "unloaded") }
                state.models[name] = model
            }
        }
        if !served.isEmpty { logger.info("Model '\(name)' is being unloaded") }
        for version in served { await retire(version, name: name) }
    }

    /// Loads the ensembles that wait for this model, or are made of it, anew.
    private func reloadDependents(of name: String) async {
        let sources = state.withLock { state in
            state.dependents(of: [name]).compactMap { state.models[$0]?.isWanted == true ? state.models[$0]?.source : nil }
        }
        for source in sources.sorted(by: { $0.name < $1.name }) where source.members.allSatisfy({ !registry.versions(named: $0).isEmpty }) {
            do throws(InferenceError) {
                try await loadVersions(of: source)
            } catch {
                logger.error("Ensemble '\(source.name)' does not fit its members any more: \(error.message)")
                // What it says about its members is wrong now, so it must not go on.
                await takeOut(source.name)
            }
        }
    }

    // MARK: The end of a version

    private func retire(_ version: ServedVersion, name: String) async {
        let retirement = Retirement(name: name, version: version)
        let isOwned = state.withLock { state in
            guard let continuation = state.retirements else { return false }
            if case .enqueued = continuation.yield(retirement) { return true }
            return false
        }
        if !isOwned { await finish(retirement) }
    }

    func finish(_ retirement: Retirement) async {
        await retirement.version.retire()
        state.withLock { state in
            let version = retirement.version.version
            guard state.models[retirement.name]?.versions[version]?.state == .unloading else { return }
            state.models[retirement.name]?.versions[version] = .init(state: .unavailable, reason: "unloaded")
        }
    }

    // MARK: Words

    private func failure(of name: String, _ reason: String) -> InferenceError {
        state.withLock { state in
            var model = state.models[name] ?? ModelState()
            if model.versions.isEmpty { model.failure = reason }
            state.models[name] = model
        }
        return InferenceError(.invalidArgument, "load failed for model '\(name)': \(reason)")
    }

    /// Says once what of a configuration cannot be done here.
    private func say(_ notices: [String], of name: String) {
        for notice in notices where state.withLock({ $0.notices.insert("\(name): \(notice)").inserted }) {
            logger.notice("Model '\(name)': \(notice)")
        }
    }
}
