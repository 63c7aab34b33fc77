internal import Inference
internal import JSONCoding
internal import Logging
internal import NeedletailTracing
internal import Synchronization
internal import TraceModel

/// The connection to one worker that is ready: one batch at a time goes through it.
///
/// ``execute(_:of:)`` runs in the task of the batch; ``receive(_:)`` and ``end(_:)`` are called by the thread that reads.
final class WorkerLink: Sendable {
    private struct Arenas: ~Copyable {
        var input: TensorArena
        var output: TensorArena
    }

    private struct State {
        var inbox = WorkerInbox()
        /// Of the batch under way.
        var requests: [InferenceRequest] = []
        var started: UInt64 = 0
        var tracer: InferenceTracer?
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

    /// When the batch under way was sent (``MonotonicClock``); 0 when there is none.
    var batchStart: UInt64 { state.withLock { $0.started } }

    /// Asks the worker to end by itself.
    func stop() { socket.send(WorkerFrame(.stop)) }

    // MARK: The reading thread

    func receive(_ frame: WorkerFrame) {
        switch frame.kind {
        case .response, .done, .call, .callCredit:
            let waiter = state.withLock { $0.inbox.post(.frame(frame)) }
            waiter?.resume(returning: .frame(frame))
        case .spans: record(try? JSONValue.parse(frame.header), tracer: state.withLock { $0.tracer })
        case .log: log.write(frame.header)
        case .cancelQuery: answerCancelQuery()
        default: log.logger.warning("The Python worker sent a message of the wrong kind \(frame.kind)")
        }
    }

    func end(_ reason: String) {
        socket.end()
        let waiter = state.withLock { $0.inbox.post(.ended(reason)) }
        waiter?.resume(returning: .ended(reason))
    }

    private func answerCancelQuery() {
        let cancelled = state.withLock { state in state.requests.indices.filter { state.requests[$0].isCancelled } }
        socket.send(WorkerFrame(.cancelAnswer, header: Self.list("requests", cancelled)))
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

    // MARK: A batch

    /// Executes a batch.
    ///
    /// - Throws: ``PythonFailure`` when the whole batch failed.
    func execute(_ batch: ModelBatch, of model: ModelDefinition) async throws -> [InferenceResult] {
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
        let frame = try arenas.withLock { arenas in
            arenas.input.reset()
            return try BatchEncoding.frame(batch, parents: spans?.parents ?? [], arena: &arenas.input)
        }
        state.withLock { state in
            state.inbox.clear()
            state.requests = batch.requests
            state.started = MonotonicClock.now()
            if let tracer = batch.requests[0].tracer { state.tracer = tracer }
        }
        defer {
            state.withLock { state in
                state.requests = []
                state.started = 0
            }
        }
        socket.send(frame)
        return try await withTaskCancellationHandler {
            try await converse(batch)
        } onCancel: {
            socket.send(WorkerFrame(.cancel, header: Self.list("requests", Array(batch.requests.indices))))
        }
    }

    /// Takes the worker's messages until the batch is done.
    private func converse(_ batch: ModelBatch) async throws -> [InferenceResult] {
        while true {
            let frame = try await next()
            if frame.kind == .done { return try finish(frame, batch: batch) }
            if frame.kind == .call { return try await converseWithCalls(frame, batch: batch) }
            try await answer(frame, batch: batch)
        }
    }

    /// The same with calls of other models, each a child task of the batch's.
    private func converseWithCalls(_ first: WorkerFrame, batch: ModelBatch) async throws -> [InferenceResult] {
        let calls = ModelCalls(maxCalls: Self.maxCalls)
        return try await withThrowingDiscardingTaskGroup(returning: [InferenceResult].self) { group in
            var frame = first
            while frame.kind != .done {
                switch frame.kind {
                case .call:
                    let call = try arenas.withLock { try calls.begin(frame, requests: batch.requests, arena: $0.output) }
                    group.addTask { [self] in await calls.perform(call) { self.send($0) } }
                case .callCredit: try calls.addCredit(frame)
                default: try await answer(frame, batch: batch)
                }
                frame = try await next()
            }
            group.cancelAll()
            return try finish(frame, batch: batch)
        }
    }

    /// Sends part of a call's answer.
    private func send(_ answer: ModelCalls.Answer) {
        let frame = arenas.withLock { answer.frame(arena: &$0.input) }
        socket.send(frame)
    }

    private func next() async throws -> WorkerFrame {
        var event = state.withLock { $0.inbox.take(or: nil) }
        if event == nil {
            // Unsafe: a checked continuation costs an allocation; the inbox gives each waiter out once.
            event = await withUnsafeContinuation { continuation in
                let immediate = state.withLock { $0.inbox.take(or: continuation) }
                if let immediate { continuation.resume(returning: immediate) }
            }
        }
        switch event {
        case .frame(let frame)?: return frame
        case .ended(let reason)?: throw PythonFailure(InferenceError(.unavailable, reason))
        case nil: throw PythonFailure(InferenceError(.internal, "the worker's inbox gave nothing"))
        }
    }

    private func finish(_ frame: WorkerFrame, batch: ModelBatch) throws -> [InferenceResult] {
        let reply = try decode(frame, requests: batch.requests)
        if let spans = reply.spans { record(spans, tracer: batch.requests[0].tracer) }
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
        try arenas.withLock { arenas in
            arenas.input = try TensorArena(maximumSize: maxSharedMemory)
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
            socket.send(WorkerFrame(.cancel, header: Self.list("requests", [reply.request])))
        }
        socket.send(WorkerFrame(.credit))
    }

    private func record(_ spans: JSONValue?, tracer: InferenceTracer?) {
        guard let tracer, let spans else { return }
        for (span, scope) in WorkerSpans.read(spans) { tracer.record(span, scope: scope) }
    }
}
