package import Logging
internal import Synchronization

/// The models of folders in Triton's layout, and what clients ask of them: index, load, unload.
///
/// Operations on the same model, or on an ensemble and its members, come one after another; others run side by side. A model is
/// served until its successor is ready. ``run()`` loads what is to be there at start and follows the folders; it also owns the
/// end of models that were replaced or unloaded, so that nobody waits for their last requests.
package final class ModelRepository: Sendable {
    package let configuration: RepositoryConfiguration
    let registry: ModelRegistry
    let loader: ModelLoader
    let logger: Logger
    let locks = NameLocks()
    let state = Mutex(State())

    package init(
        registry: ModelRegistry,
        configuration: RepositoryConfiguration = RepositoryConfiguration(),
        factories: [any BackendFactory] = [],
        logger: Logger = Logger(label: "needletail.repository")
    ) {
        self.registry = registry
        self.configuration = configuration
        self.logger = logger
        loader = ModelLoader(configuration: configuration, factories: factories, registry: registry)
    }

    /// What is known of the models.
    struct State {
        var models: [String: ModelState] = [:]
        /// What was to be loaded at start is there.
        var isStarted = false
        /// Takes versions whose end ``ModelRepository/run()`` awaits; `nil` while it does not run.
        var retirements: AsyncStream<Retirement>.Continuation?
        /// What the log was told about a model, so that it is told once.
        var notices: Set<String> = []
    }

    struct Retirement: Sendable {
        var name: String
        var version: ServedVersion
    }

    /// What was to be loaded at start was tried, and all is there that should be.
    package var isReady: Bool {
        guard !configuration.directories.isEmpty else { return true }
        let isStrict = configuration.isStrictlyReady
        return state.withLock { $0.isStarted && (!isStrict || $0.models.values.allSatisfy { !$0.isWanted || !$0.served.isEmpty }) }
    }

    // MARK: Index

    /// All versions that are known, sorted by name and version.
    package func index(readyOnly: Bool) -> [IndexEntry] {
        let found = configuration.directories.compactMap { try? RepositoryFolders.models(in: $0) }
        let models = state.withLock { $0.models }
        var entries: [IndexEntry] = []
        for name in Set(found.flatMap(\.keys)).union(models.keys) {
            if found.count(where: { $0[name] != nil }) > 1 {
                entries.append(IndexEntry(name: name, version: "", state: .unavailable, reason: Self.duplicate))
            } else if let versions = models[name]?.versions, !versions.isEmpty {
                entries += versions.map { IndexEntry(name: name, version: String($0.key), state: $0.value.state, reason: $0.value.reason) }
            } else if let reason = models[name]?.failure {
                entries.append(IndexEntry(name: name, version: "", state: .unavailable, reason: reason))
            } else {
                entries.append(IndexEntry(name: name, version: "", state: nil))
            }
        }
        for model in registry.all where models[model.definition.name]?.versions.isEmpty ?? true {
            entries.removeAll { $0.name == model.definition.name && $0.state == nil }
            entries.append(IndexEntry(name: model.definition.name, version: model.versionText, state: .ready))
        }
        if readyOnly { entries.removeAll { $0.state != .ready } }
        return entries.sorted { ($0.name, Int($0.version) ?? 0) < ($1.name, Int($1.version) ?? 0) }
    }

    // MARK: Load and unload

    /// Loads a model, or loads it anew; the one that is served answers until the new one is ready. The members of an ensemble are
    /// loaded with it, and ensembles that wait for the model.
    ///
    /// - Throws: in Triton's words: `unavailable` when clients may not load, `internal` when the repository has no such model or its
    ///   configuration cannot be read, `invalidArgument` when it cannot be loaded.
    package func load(_ name: String, overrides: Overrides = Overrides()) async throws(InferenceError) {
        try checkControl()
        try Self.check(name)
        let source: ModelSource
        if overrides.configuration != nil || !overrides.files.isEmpty {
            source = try ModelSource(name: name, directory: try directory(of: name), overrides: overrides)
        } else {
            if try directory(of: name) == nil, restoreOwn(name) { return }
            source = try self.source(of: name)
        }
        let names = members(of: [source]).union(dependents(of: [name])).union([name])
        let result: Result<Void, InferenceError> = await locks.withNames(names) { await Result { () async throws(InferenceError) in try await self.perform(load: source) } }
        try result.get()
    }

    /// Takes a model out of service; requests under way are finished. An unknown name is no error.
    ///
    /// - Parameter unloadsDependents: the members of an ensemble are unloaded too.
    /// - Throws: `unavailable` when clients may not unload.
    package func unload(_ name: String, unloadsDependents: Bool = false) async throws(InferenceError) {
        try checkControl()
        try Self.check(name)
        let members = unloadsDependents ? state.withLock { $0.members(of: name) } : []
        let names = members.union([name])
        await locks.withNames(names.union(dependents(of: names))) {
            for one in [name] + members.sorted() { await self.perform(unload: one, isWanted: false) }
        }
    }

    /// Words of Triton.
    static let duplicate = "model appears in two or more repositories"

    static func notPolled(_ name: String, reason: String = "") -> InferenceError {
        InferenceError(.internal, "failed to load '\(name)', failed to poll from model repository\(reason.isEmpty ? "" : ": \(reason)")")
    }

    private func checkControl() throws(InferenceError) {
        // Without folders all models are the program's own, and no polling brings them back.
        if configuration.directories.isEmpty { return }
        guard case .explicit = configuration.mode else {
            throw InferenceError(.unavailable, "explicit model load / unload is not allowed if polling is enabled")
        }
    }

    private static func check(_ name: String) throws(InferenceError) {
        guard !name.isEmpty else { throw InferenceError(.invalidArgument, "model name must not be empty") }
        guard !name.contains("/"), !name.contains(".."), !name.utf8.contains(0) else {
            throw InferenceError(.invalidArgument, "invalid model name '\(name)', model name must not contain path traversal characters")
        }
    }

    /// The model's folder; `nil` when no repository has it.
    ///
    /// - Throws: `internal` when two repositories have it.
    func directory(of name: String) throws(InferenceError) -> String? {
        let candidates = configuration.directories.map { RepositoryFolders.join($0, name) }.filter(RepositoryFolders.isDirectory)
        guard candidates.count < 2 else {
            throw Self.notPolled(name, reason: "\(Self.duplicate): \(candidates.joined(separator: ", "))")
        }
        return candidates.first
    }

    /// Reads a model of the repository.
    func source(of name: String) throws(InferenceError) -> ModelSource {
        guard let directory = try directory(of: name) else { throw Self.notPolled(name) }
        do {
            return try ModelSource(name: name, directory: directory, isStrict: configuration.isStrict)
        } catch {
            state.withLock { $0.models[name, default: ModelState()].failure = error.message }
            throw Self.notPolled(name, reason: error.message)
        }
    }

    /// The models that ensembles are made of, also those of their members.
    private func members(of sources: [ModelSource]) -> Set<String> {
        var names: Set<String> = []
        var open = sources.flatMap(\.members)
        while let name = open.popLast() {
            if names.insert(name).inserted, let source = try? source(of: name) { open += source.members }
        }
        return names
    }

    /// The ensembles that are made of one of these.
    private func dependents(of names: Set<String>) -> Set<String> { state.withLock { $0.dependents(of: names) } }
}

extension Result where Failure == InferenceError {
    /// Runs the body and keeps what it throws.
    init(catching body: () async throws(InferenceError) -> Success) async {
        do throws(InferenceError) { self = .success(try await body()) } catch { self = .failure(error) }
    }
}
