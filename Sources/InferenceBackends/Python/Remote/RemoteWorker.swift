internal import Inference
internal import JSONCoding
internal import Logging
internal import NeedletailTracing
internal import Synchronization

/// One connection of a Python process that the server did not start: one instance of a model.
final class RemoteWorker: BatchWorker {
    /// What the process said of itself.
    struct Hello: Sendable {
        /// Names the model's connections among others.
        var group: String
        var instances: Int
        var declaration: JSONValue
    }

    private struct State {
        var hello: Hello?
        var isReady = false
        var hasEnded = false
        var isStopping = false
        var stopDeadline: UInt64 = 0
        var waiters: [UnsafeContinuation<Void, Never>] = []
        var refusal: String?
    }

    /// Nanoseconds until the first message has to be there.
    private static let helloTime: UInt64 = 10_000_000_000

    private let socket: WorkerSocket
    private let connection: WorkerLink
    private let settings: PythonSettings
    private let token: String
    private let models: RemoteModels
    private let logger: Logger
    private let onFatal: @Sendable (String) -> Void
    private let state = Mutex(State())

    init(
        socket: WorkerSocket,
        settings: PythonSettings,
        token: String,
        models: RemoteModels,
        logger: Logger,
        onFatal: @escaping @Sendable (String) -> Void
    ) throws {
        self.socket = socket
        self.settings = settings
        self.token = token
        self.models = models
        self.logger = logger
        self.onFatal = onFatal
        connection = try WorkerLink(socket: socket, log: WorkerLog(logger, model: "", instance: 0), maxSharedMemory: settings.maxSharedMemory)
    }

    var isReady: Bool { state.withLock { $0.isReady && !$0.hasEnded } }

    func link() async throws -> WorkerLink { connection }

    /// Tells whether the model is served.
    func bound(error: String?) { connection.bound(error: error) }

    func stop() async {
        connection.stop()
        await withUnsafeContinuation { (continuation: UnsafeContinuation<Void, Never>) in
            let hasEnded = state.withLock { state in
                state.isStopping = true
                state.stopDeadline = MonotonicClock.now() &+ settings.stopTimeout.nanoseconds
                if !state.hasEnded { state.waiters.append(continuation) }
                return state.hasEnded
            }
            if hasEnded { continuation.resume() }
        }
    }

    // MARK: The connection's thread

    /// Serves the connection until it ends.
    func run() {
        let start = MonotonicClock.now()
        let loop = WorkerLoop(
            socket: socket,
            output: nil,
            onFrame: { try self.receive($0) },
            onLine: { _ in },
            endsBecause: { self.endReason(start: start) }
        )
        let reason = loop.run() ?? "closed its connection"
        let (hello, waiters, refusal) = state.withLock { state in
            state.hasEnded = true
            defer { state.waiters = [] }
            return (state.hello, state.waiters, state.refusal)
        }
        let name = hello?.declaration["name"]?.stringValue ?? ""
        if hello == nil { logger.warning("A Python process was refused: \(refusal ?? reason)") }
        connection.end("the Python process that serves model '\(name)' \(reason)")
        if let hello { models.remove(self, group: hello.group) }
        for waiter in waiters { waiter.resume() }
    }

    private func receive(_ frame: WorkerFrame) throws {
        guard state.withLock({ $0.hello }) != nil else { return try greet(frame) }
        switch frame.kind {
        case .ready:
            state.withLock { $0.isReady = true }
            if let hello = state.withLock({ $0.hello }) { models.add(self, hello) }
        case .failed: throw WorkerProtocolError("failed to start")
        case .fatal: onFatal((try? JSONValue.parse(frame.header))?["message"]?.stringValue ?? "")
        default: connection.receive(frame)
        }
    }

    private func greet(_ frame: WorkerFrame) throws {
        guard frame.kind == .hello else { throw WorkerProtocolError("began with a message of the wrong kind") }
        let value = try JSONValue.parse(frame.header)
        do {
            guard value["version"]?.intValue == Int64(WorkerFrame.protocolVersion) else {
                throw WorkerProtocolError("speaks version \(value["version"]?.intValue ?? 0) of the worker protocol, this server \(WorkerFrame.protocolVersion)")
            }
            guard value["token"]?.stringValue == token else { throw WorkerProtocolError("shows a wrong token") }
            guard let group = value["group"]?.stringValue, let declaration = value["model"] else { throw WorkerProtocolError("declares no model") }
            let instances = Int(value["instances"]?.intValue ?? 1)
            guard (1...WorkerDeclaration.maxInstances).contains(instances) else { throw WorkerProtocolError("declares \(instances) instances") }
            state.withLock { $0.hello = Hello(group: group, instances: instances, declaration: declaration) }
        } catch {
            state.withLock { $0.refusal = "\(error)" }
            connection.bound(error: "\(error)")
            throw error
        }
        var json = JSONWriter()
        json.beginObject()
        json.key("version")
        json.int(WorkerFrame.protocolVersion)
        json.key("credit")
        json.int(WorkerLink.responseCredit)
        json.key("shared_memory")
        json.int(settings.maxSharedMemory)
        json.endObject()
        try connection.welcome(json.finish())
    }

    private func endReason(start: UInt64) -> String? {
        let now = MonotonicClock.now()
        let (isSilent, isOver) = state.withLock { state in
            (state.hello == nil && now &- start > Self.helloTime, state.isStopping && now > state.stopDeadline)
        }
        if isSilent { return "did not say what it is" }
        if isOver { return "was stopped" }
        if let limit = settings.batchTimeout {
            let begin = connection.batchStart
            if begin != 0, now > begin, now - begin > limit.nanoseconds { return "took longer than \(limit) for a batch" }
        }
        return nil
    }
}
