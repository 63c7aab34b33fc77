internal import Inference
internal import JSONCoding
internal import Logging
internal import NeedletailTracing
internal import Synchronization
internal import TraceModel

/// The connection to one worker that is ready: one batch at a time goes through it, or several of a decoupled model.
///
/// ``execute(_:)`` runs in the task of the batch; ``receive(_:)`` and ``end(_:)`` are called by the thread that reads.
final class WorkerLink: Sendable {
    private struct Arenas: ~Copyable {
        var input: TensorArena
        var output: TensorArena
    }

    private struct Conversation {
        var inbox = WorkerInbox()
        var requests: [InferenceRequest]
        var started: UInt64
    }

    private struct State {
        /// Batches under way, by their number.
        var conversations: [UInt32: Conversation] = [:]
        var lastNumber: UInt32 = 0
        var tracer: InferenceTracer?
        /// Why the worker is gone.
        var end: String?
    }

    /// Responses of a batch that may be on their way before the first was taken by its client.
    static let responseCredit = 16
    /// Calls of other models that one batch may have under way.
    static let maxCalls = 256

    private let socket: WorkerSocket
    private let arenas: Mutex<Arenas>
    private let state = Mutex(State())
    private let log: WorkerLog
    private let maxSharedMemory: Int

    /// - Throws: ``SystemError`` when there is no shared memory.
    init(socket: WorkerSocket, log: WorkerLog, maxSharedMemory: Int) throws {
        self.socket = socket
        self.log = log
        self.maxSharedMemory = maxSharedMemory
        let input = try TensorArena(maximumSize: maxSharedMemory)
        let output = try TensorArena(maximumSize: maxSharedMemory)
        arenas = Mutex(Arenas(input: input, output: output))
    }

    /// Greets the worker: tells it what to serve, and gives it the shared memory.
    func welcome(_ header: [UInt8]) throws {
        let descriptors = arenas.withLock { [$0.input.descriptor, $0.output.descriptor] }
        try socket.send(WorkerFrame(.welcome, header: header), descriptors: descriptors)
    }

    /// When the oldest batch under way was sent (``MonotonicClock``); 0 when there is none.
    var batchStart: UInt64 {
        state.withLock { state in state.conversations.values.map(\.started).min() ?? 0 }
    }

    /// Asks the worker to end by itself.
    func stop() { socket.send(WorkerFrame(.stop)) }

    // MARK: The reading thread

    func receive(_ frame: WorkerFrame) {
        switch frame.kind {
        case .response, .done, .call, .callCredit:
            let waiter = state.withLock { $0.conversations[frame.batch]?.inbox.post(.frame(frame)) }
            waiter?.resume(returning: .frame(frame))
        case .spans: record(try? JSONValue.parse(frame.header), tracer: state.withLock { $0.tracer })
        case .log: log.write(frame.header)
        case .cancelQuery: answerCancelQuery(frame.batch)
        default: log.logger.warning("The Python worker sent a message of the wrong kind \(frame.kind)")
        }
    }

    func end(_ reason: String) {
        socket.end()
        let waiters = state.withLock { state in
            state.end = reason
            return state.conversations.keys.compactMap { state.conversations[$0]?.inbox.post(.ended(reason)) }
        }
        for waiter in waiters { waiter.resume(returning: .ended(reason)) }
    }

    private func answerCancelQuery(_ batch: UInt32) {
        let requests = state.withLock { $0.conversations[batch]?.requests } ?? []
        let cancelled = requests.indices.filter { requests[$0].isCancelled }
        socket.send(WorkerFrame(.cancelAnswer, batch: batch, header: Self.list("requests", cancelled)))
    }

    private static func list(_ name: StaticString, _ numbers: [Int]) -> [UInt8] {
        var json = JSONWriter()
        json.beginObject()
        json.key(name)
        json.beginArray()
        for number in numbers { json.int(number) }
        json.endArray()
        json.endObject()
        return json.finish()
    }

    /// Tells a worker that was not started by the server whether its model is served.
    func bound(error: String?) {
        var json = JSONWriter()
        json.beginObject()
        if let error {
            json.key("error")
            json.string(error)
        }
        json.endObject()
        socket.send(WorkerFrame(.bound, header: json.finish()))
    }

    // MARK: A batch

    /// Executes a batch.
    ///
    /// - Throws: ``PythonFailure`` when the whole batch failed.
    func execute(_ batch: ModelBatch) async throws -> [InferenceResult] {
        let requests = batch.requests
        let spans = BackendSpans(requests)
        do {
            let results = try await run(batch, spans: spans)
            spans?.record(results)
            return results
        } catch {
            spans?.record(error)
            throw error
        }
    }

    private func run(_ batch: ModelBatch, spans: BackendSpans?) async throws -> [InferenceResult] {
        let number = try begin(batch)
        defer { end(number) }
        let frame = try arenas.withLock { try BatchEncoding.frame(batch, number: number, parents: spans?.parents ?? [], arena: &$0.input) }
        socket.send(frame)
        return try await withTaskCancellationHandler {
            try await converse(batch, number)
        } onCancel: {
            socket.send(WorkerFrame(.cancel, batch: number, header: Self.list("requests", Array(batch.requests.indices))))
        }
    }

    private func begin(_ batch: ModelBatch) throws -> UInt32 {
        let number = try state.withLock { state in
            if let end = state.end { throw PythonFailure(InferenceError(.unavailable, end)) }
            state.lastNumber = state.lastNumber == .max ? 1 : state.lastNumber + 1
            state.conversations[state.lastNumber] = Conversation(requests: batch.requests, started: MonotonicClock.now())
            if let tracer = batch.requests[0].tracer { state.tracer = tracer }
            return state.lastNumber
        }
        arenas.withLock { $0.input.begin() }
        return number
    }

    private func end(_ number: UInt32) {
        state.withLock { _ = $0.conversations.removeValue(forKey: number) }
        arenas.withLock { $0.input.end() }
    }

    /// Takes the worker's messages until the batch is done.
    private func converse(_ batch: ModelBatch, _ number: UInt32) async throws -> [InferenceResult] {
        while true {
            let frame = try await next(number)
            if frame.kind == .done { return try finish(frame, batch: batch) }
            if frame.kind == .call { return try await converseWithCalls(frame, batch: batch, number) }
            try await answer(frame, batch: batch)
        }
    }

    /// The same with calls of other models, each a child task of the batch's.
    private func converseWithCalls(_ first: WorkerFrame, batch: ModelBatch, _ number: UInt32) async throws -> [InferenceResult] {
        let calls = ModelCalls(maxCalls: Self.maxCalls)
        return try await withThrowingDiscardingTaskGroup(returning: [InferenceResult].self) { group in
            var frame = first
            while frame.kind != .done {
                switch frame.kind {
                case .call:
                    let call = try arenas.withLock { try calls.begin(frame, requests: batch.requests, arena: $0.output) }
                    group.addTask { [self] in await calls.perform(call) { self.send($0, of: number) } }
                case .callCredit: try calls.addCredit(frame)
                default: try await answer(frame, batch: batch)
                }
                frame = try await next(number)
            }
            group.cancelAll()
            return try finish(frame, batch: batch)
        }
    }

    /// Sends part of a call's answer.
    private func send(_ answer: ModelCalls.Answer, of batch: UInt32) {
        let frame = arenas.withLock { answer.frame(batch: batch, arena: &$0.input) }
        socket.send(frame)
    }

    private func next(_ number: UInt32) async throws -> WorkerFrame {
        var event = take(number, or: nil)
        if event == nil {
            // Unsafe: a checked continuation costs an allocation; the inbox gives each waiter out once.
            event = await withUnsafeContinuation { continuation in
                let immediate = take(number, or: continuation)
                if let immediate { continuation.resume(returning: immediate) }
            }
        }
        switch event {
        case .frame(let frame)?: return frame
        case .ended(let reason)?: throw PythonFailure(InferenceError(.unavailable, reason))
        case nil: throw PythonFailure(InferenceError(.internal, "the worker's inbox gave nothing"))
        }
    }

    private func take(_ number: UInt32, or waiter: UnsafeContinuation<WorkerEvent, Never>?) -> WorkerEvent? {
        state.withLock { state in
            // Ended before this batch began to listen.
            if let end = state.end, state.conversations[number]?.inbox.hasEnded != true { _ = state.conversations[number]?.inbox.post(.ended(end)) }
            return state.conversations[number]?.inbox.take(or: waiter)
        }
    }

    /// Says that the end of a batch was read.
    private static let read = Array(#"{"read":true}"#.utf8)

    private func finish(_ frame: WorkerFrame, batch: ModelBatch) throws -> [InferenceResult] {
        let reply = try decode(frame, requests: batch.requests)
        if let spans = reply.spans { record(spans, tracer: batch.requests[0].tracer) }
        if reply.wantsAcknowledgement { socket.send(WorkerFrame(.credit, batch: frame.batch, header: Self.read)) }
        if reply.retainsInput { try replaceInput() }
        if let failure = reply.failure { throw failure }
        return reply.results
    }

    private func decode(_ frame: WorkerFrame, requests: [InferenceRequest]) throws -> WorkerReply {
        do {
            return try arenas.withLock { try WorkerReply(frame, requests: requests, arena: $0.output) }
        } catch {
            // What it sends next cannot be understood either.
            socket.end()
            throw PythonFailure(InferenceError(.internal, "the Python worker's answer cannot be read: \(error)"))
        }
    }

    /// Gives the worker new memory for inputs: Python code keeps the old one.
    private func replaceInput() throws {
        let batchCount = state.withLock { $0.conversations.count }
        try arenas.withLock { arenas in
            arenas.input = try TensorArena(maximumSize: maxSharedMemory)
            // Batches under way read the old one; each of them ends one use.
            for _ in 0..<batchCount { arenas.input.begin() }
            try socket.send(WorkerFrame(.arena), descriptors: [arenas.input.descriptor])
        }
    }

    /// Passes one streamed response on to its client, and then lets the worker send another.
    private func answer(_ frame: WorkerFrame, batch: ModelBatch) async throws {
        guard frame.kind == .response else { return }
        let reply = try decode(frame, requests: [batch.requests[0]])
        if let spans = reply.spans { record(spans, tracer: batch.requests[0].tracer) }
        guard batch.requests.indices.contains(reply.request), case .success(let outputs)? = reply.results.first else {
            throw PythonFailure(InferenceError(.internal, "the Python worker sent a response for request \(reply.request) of \(batch.requests.count)"))
        }
        do {
            try await batch.requests[reply.request].send(outputs)
        } catch {
            socket.send(WorkerFrame(.cancel, batch: frame.batch, header: Self.list("requests", [reply.request])))
        }
        socket.send(WorkerFrame(.credit, batch: frame.batch))
    }

    private func record(_ spans: JSONValue?, tracer: InferenceTracer?) {
        guard let tracer, let spans else { return }
        for (span, scope) in WorkerSpans.read(spans) { tracer.record(span, scope: scope) }
    }
}
