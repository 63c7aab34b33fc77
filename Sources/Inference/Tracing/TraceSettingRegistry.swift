internal import Synchronization

/// The trace settings of a server while it runs: those of all models, and those of models that differ.
///
/// Inheritance is Triton's: what a model does not set itself follows the settings of all, also when they change later; what
/// those do not set is what the server began with. Each change counts requests anew; what is left of a count stays, unless the
/// change gives another.
final class TraceSettingRegistry: Sendable {
    /// What somebody set; `nil` where what lies below counts.
    private struct Overrides: Hashable {
        var level: TraceSettings.Level?
        var rate: UInt32?
        var count: Int32?
        var logFrequency: UInt32?

        mutating func apply(_ update: TraceSettingUpdate) {
            level = update.level.applied(to: level)
            rate = update.rate.applied(to: rate)
            count = update.count.applied(to: count)
            logFrequency = update.logFrequency.applied(to: logFrequency)
        }

        var isEmpty: Bool { level == nil && rate == nil && count == nil && logFrequency == nil }
        var isComplete: Bool { level != nil && rate != nil && count != nil && logFrequency != nil }
    }

    /// What is effective.
    struct Effective: Hashable {
        var level: TraceSettings.Level
        var rate: UInt32
        /// What is left.
        var count: Int32
        var logFrequency: UInt32
    }

    private struct Scope {
        var overrides = Overrides()
        let sampler: TraceSampler
        var logFrequency: UInt32

        var effective: Effective {
            Effective(level: sampler.level, rate: sampler.rate, count: sampler.remainingCount, logFrequency: logFrequency)
        }

        /// Takes over what the model does not set itself, and begins to count anew.
        ///
        /// - Parameter keepsCount: what is left of a count of the model's own stays.
        mutating func follow(_ global: Effective, keepsCount: Bool) {
            logFrequency = overrides.logFrequency ?? global.logFrequency
            let count: Int32? = if let own = overrides.count { keepsCount ? nil : own } else { global.count }
            sampler.change(level: overrides.level ?? global.level, rate: overrides.rate ?? global.rate, count: count)
        }
    }

    private struct State {
        var global: Scope
        var models: [String: Scope] = [:]
    }

    /// Models that can have settings of their own at the same time.
    static let maximumModels = 10_000

    private let start: TraceSettings
    private let global: TraceSampler
    /// Some model has settings of its own, so that its name has to be looked up.
    private let hasModels = Atomic(false)
    private let state: Mutex<State>

    init(_ start: TraceSettings) {
        self.start = start
        global = TraceSampler(start)
        state = Mutex(State(global: Scope(sampler: global, logFrequency: start.logFrequency)))
    }

    /// Whose counters a request to the model moves.
    @inline(__always)
    func withSampler<R>(of model: String, _ body: (TraceSampler) -> R) -> R {
        guard hasModels.load(ordering: .relaxed), let own = state.withLock({ $0.models[model]?.sampler }) else { return body(global) }
        return body(own)
    }

    /// What counts for a model, or for those without settings of their own.
    func settings(of model: String?) -> Effective {
        state.withLock { state in
            (model.flatMap { state.models[$0] } ?? state.global).effective
        }
    }

    /// Traces in one file; 0 is no limit. And whose: the model's that has settings of its own, else none.
    func fileScope(of model: String) -> (name: String?, logFrequency: UInt32) {
        state.withLock { state in
            guard let own = state.models[model] else { return (nil, state.global.logFrequency) }
            return (model, own.logFrequency)
        }
    }

    /// Changes the settings of a model, or of all.
    ///
    /// - Throws: `invalidArgument` when the result could never trace; nothing is changed then.
    func update(_ update: TraceSettingUpdate, model: String?) throws(InferenceError) {
        if case .set(let level) = update.level, level != .off, start.mode == .triton, start.file == nil {
            throw InferenceError(.invalidArgument, "Attempting to set invalid trace setting :trace file name is not given")
        }
        let isDone = state.withLock { state in
            guard let model else {
                updateGlobal(update, &state)
                return true
            }
            guard state.models[model] != nil || state.models.count < Self.maximumModels else { return false }
            updateModel(update, model, &state)
            hasModels.store(!state.models.isEmpty, ordering: .relaxed)
            return true
        }
        guard isDone else {
            throw InferenceError(
                .unavailable,
                "\(Self.maximumModels) models have trace settings of their own already; clear those of another model first"
            )
        }
    }

    private func updateGlobal(_ update: TraceSettingUpdate, _ state: inout State) {
        state.global.overrides.apply(update)
        let own = state.global.overrides
        state.global.logFrequency = own.logFrequency ?? start.logFrequency
        let count: Int32? =
            switch update.count {
            case .none: nil
            case .clear: start.count
            case .set(let count): count
            }
        global.change(level: own.level ?? start.level, rate: own.rate ?? start.rate, count: count)
        let effective = state.global.effective
        // A model that sets everything itself is not concerned, nor are its counters.
        for (name, var scope) in state.models where !scope.overrides.isComplete {
            scope.follow(effective, keepsCount: true)
            state.models[name] = scope
        }
    }

    private func updateModel(_ update: TraceSettingUpdate, _ model: String, _ state: inout State) {
        let effective = state.global.effective
        let former = state.models[model]
        var scope = former ?? Scope(sampler: TraceSampler(level: .off, rate: 0, count: effective.count), logFrequency: 0)
        scope.overrides.apply(update)
        guard !scope.overrides.isEmpty else {
            state.models[model] = nil
            return
        }
        scope.follow(effective, keepsCount: former != nil && update.count == .none)
        state.models[model] = scope
    }
}
