internal import Synchronization

/// The workers of a model, once they run.
final class LoadedPool: Sendable {
    private let state = Mutex<PythonBackend?>(nil)

    var backend: PythonBackend? { state.withLock { $0 } }

    func set(_ backend: PythonBackend) { state.withLock { $0 = backend } }
}
