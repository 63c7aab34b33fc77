import NeedletailTracing
import Synchronization
import TraceModel

/// An exporter that does not answer until it is told to: a dead receiver.
final class GatedExporter: SpanExporter {
    private struct State {
        var isOpen = false
        var waiting: [Int: CheckedContinuation<Void, Never>] = [:]
        var nextID = 0
        var batches: [SpanBatch] = []
        var attempts = 0
        var isShutDown = false
    }

    private let state = Mutex(State())

    var batches: [SpanBatch] { state.withLock { $0.batches } }
    var spanCount: Int { batches.reduce(0) { $0 + $1.spanCount } }
    var attempts: Int { state.withLock { $0.attempts } }
    var waitingCount: Int { state.withLock { $0.waiting.count } }
    var isShutDown: Bool { state.withLock { $0.isShutDown } }

    func open() {
        let waiting = state.withLock { state in
            state.isOpen = true
            defer { state.waiting = [:] }
            return state.waiting.values.map { $0 }
        }
        for continuation in waiting { continuation.resume() }
    }

    func export(_ batch: SpanBatch) async throws -> SpanExportResult {
        let id = state.withLock { state in
            state.attempts += 1
            state.nextID += 1
            return state.nextID
        }
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let passes = state.withLock { state in
                    if state.isOpen || Task.isCancelled { return true }
                    state.waiting[id] = continuation
                    return false
                }
                if passes { continuation.resume() }
            }
        } onCancel: {
            state.withLock { $0.waiting.removeValue(forKey: id) }?.resume()
        }
        try Task.checkCancellation()
        state.withLock { $0.batches.append(batch) }
        return .success
    }

    func shutdown() async { state.withLock { $0.isShutDown = true } }
}
