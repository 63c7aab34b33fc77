internal import Dispatch
package import Logging
internal import Synchronization

/// Writes traces to JSON files as Triton's mode `triton` does.
///
/// With a log frequency of n there is a file `<file>.0`, `<file>.1` … for every n traces; with 0 one `<file>` when the writer is
/// closed. A count that is used up ends a file at once, as the next with a number. A file appears whole: until then its text
/// stands in `<file>.partial-0` … beside it, not in memory.
///
/// Whoever records never waits for the disk: text that the disk is too slow for is dropped and counted.
package final class TraceFileWriter: Sendable {
    private enum Order {
        case append(batch: String?, text: [UInt8], traces: Int, limit: UInt32)
        /// The batch is complete, whatever its size.
        case end(batch: String?)
        case close(CheckedContinuation<Void, Never>)
    }

    private struct State {
        var orders: [Order] = []
        var waitingBytes = 0
        var isWriting = false
        var isClosed = false
        var droppedTraces = 0
    }

    /// Bytes of traces that may wait to be written.
    package static let maximumWaitingBytes = 64 << 20

    private let state = Mutex(State())
    /// Touched on the queue only.
    private let files: Mutex<TraceFiles>
    private let queue = DispatchQueue(label: "needletail.trace-file")
    private let logger: Logger

    /// - Parameter path: of the file, or what the names of its files begin with.
    /// - Throws: ``TraceSettingsError`` when no file can be made there.
    package init(path: String, logger: Logger) throws(TraceSettingsError) {
        if let reason = TraceFiles.obstacle(to: path) {
            throw TraceSettingsError(.value, option: "--trace-config triton,file", word: "triton,file=\(path)", "the trace file cannot be written: \(reason)")
        }
        files = Mutex(TraceFiles(path: path, logger: logger))
        self.logger = logger
    }

    /// Traces that were dropped because too much waited to be written.
    package var droppedTraces: Int { state.withLock { $0.droppedTraces } }

    /// Takes a request that has ended.
    func record(_ request: TracedRequest, _ registry: TraceSettingRegistry) {
        let text = request.traceFileText()
        let isChild = request.trace.parentNumber != 0
        guard !isChild || request.trace.family?.add(text) != true else { return }
        let (name, limit) = registry.fileScope(of: request.modelName)
        // What has no limit stands in the one file of all; no model has an empty name.
        let batch = limit == 0 ? nil : name ?? ""
        let (children, isLast) = isChild ? ([], false) : request.trace.family?.end() ?? ([], false)
        let whole = children.isEmpty ? text : text.isEmpty ? children : children + [UInt8(ascii: ",")] + text
        if !whole.isEmpty { take(.append(batch: batch, text: whole, traces: isChild ? 0 : 1, limit: limit), bytes: whole.count) }
        if isLast { take(.end(batch: batch), bytes: 0) }
    }

    /// Writes everything and ends all files; traces that come later are dropped.
    package func close() async {
        await withCheckedContinuation { continuation in take(.close(continuation), bytes: 0) }
    }

    private func take(_ order: Order, bytes: Int) {
        let (mustStart, isFirstDrop) = state.withLock { state in
            if case .close = order {} else if state.isClosed || (bytes > 0 && state.waitingBytes + bytes > Self.maximumWaitingBytes) {
                if bytes > 0 { state.droppedTraces += 1 }
                return (false, bytes > 0 && state.droppedTraces == 1)
            }
            if case .close = order { state.isClosed = true }
            state.orders.append(order)
            state.waitingBytes += bytes
            defer { state.isWriting = true }
            return (!state.isWriting, false)
        }
        if isFirstDrop {
            logger.warning("Traces are being dropped: the trace file takes them too slowly, or was closed. Lower the rate, or use a faster disk.")
        }
        if mustStart { queue.async { self.write() } }
    }

    /// Does all orders there are.
    private func write() {
        while true {
            let orders = state.withLock { state in
                defer {
                    state.orders = []
                    state.waitingBytes = 0
                }
                if state.orders.isEmpty { state.isWriting = false }
                return state.orders
            }
            if orders.isEmpty { return }
            var closing: [CheckedContinuation<Void, Never>] = []
            files.withLock { files in
                for order in orders {
                    switch order {
                    case .append(let batch, let text, let traces, let limit): files.append(text, to: batch, traces: traces, limit: limit)
                    case .end(let batch): files.end(batch)
                    case .close(let continuation):
                        files.endAll()
                        closing.append(continuation)
                    }
                }
                files.flush()
            }
            for continuation in closing { continuation.resume() }
        }
    }
}
