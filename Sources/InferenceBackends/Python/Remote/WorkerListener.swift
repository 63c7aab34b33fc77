internal import Glibc
package import Inference
package import Logging
internal import NeedletailTracing
internal import ServiceLifecycle
internal import Synchronization

/// Takes in Python processes that the server did not start: a program that serves its own callables connects here, once for each
/// instance of a model, and shows the token that both were given.
package final class WorkerListener: Service {
    /// A process that wants to serve.
    package struct Configuration: Sendable {
        /// Where the socket is made; at most 107 bytes.
        package var path: String
        /// What a process has to show.
        package var token: String

        package init(path: String, token: String) {
            self.path = path
            self.token = token
        }
    }

    /// Connections at a time; more are refused.
    static let maxConnections = 1024
    /// Milliseconds between looks for the end.
    private static let tick: Int32 = 200

    private struct State {
        var isStopping = false
        var connections: [ObjectIdentifier: RemoteWorker] = [:]
        var stopped: UnsafeContinuation<Void, Never>?
        var hasStopped = false
    }

    private let configuration: Configuration
    private let settings: PythonSettings
    private let models: RemoteModels
    private let logger: Logger
    private let fatal: AsyncStream<String>
    private let onFatal: @Sendable (String) -> Void
    private let state = Mutex(State())

    package init(configuration: Configuration, core: InferenceCore, settings: PythonSettings, logger: Logger) {
        self.configuration = configuration
        self.settings = settings
        self.logger = logger
        models = RemoteModels(core: core, logger: logger)
        // One is enough: the first ends the server.
        let (stream, continuation) = AsyncStream.makeStream(of: String.self, bufferingPolicy: .bufferingOldest(1))
        fatal = stream
        onFatal = { continuation.yield($0) }
    }

    package func run() async throws {
        let descriptor = try listen()
        try BlockingThread.start { self.accept(descriptor) }
        defer { unlink(configuration.path) }
        let result: Result<Void, any Error>
        do {
            try await cancelWhenGracefulShutdown { [fatal] in
                for await message in fatal { throw InferenceError(.internal, "a Python model stopped the server: \(message)") }
            }
            result = .success(())
        } catch {
            result = .failure(error)
        }
        await stop()
        try result.get()
    }

    private func stop() async {
        let workers = state.withLock { state in
            state.isStopping = true
            return Array(state.connections.values)
        }
        await withDiscardingTaskGroup { group in
            for worker in workers { group.addTask { await worker.stop() } }
        }
        await withUnsafeContinuation { (continuation: UnsafeContinuation<Void, Never>) in
            let hasStopped = state.withLock { state in
                if !state.hasStopped { state.stopped = continuation }
                return state.hasStopped
            }
            if hasStopped { continuation.resume() }
        }
    }

    private func listen() throws -> Int32 {
        let path = Array(configuration.path.utf8)
        var address = sockaddr_un()
        guard !path.isEmpty, path.count < MemoryLayout.size(ofValue: address.sun_path) else {
            throw InferenceError(.invalidArgument, "the worker socket's path must have 1 to 107 bytes, but '\(configuration.path)' has \(path.count)")
        }
        guard !configuration.token.isEmpty else {
            throw InferenceError(.invalidArgument, "a worker socket needs a token: set NEEDLETAIL_WORKER_TOKEN")
        }
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path) }
        let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { throw SystemError("making a socket") }
        let code = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size)) }
        }
        guard code == 0, chmod(configuration.path, 0o600) == 0, Glibc.listen(descriptor, 128) == 0 else {
            let error = SystemError("listening on '\(configuration.path)'")
            close(descriptor)
            throw error
        }
        return descriptor
    }

    // MARK: Threads

    private func accept(_ descriptor: Int32) {
        defer {
            close(descriptor)
            let waiter = state.withLock { state in
                state.hasStopped = true
                return state.stopped
            }
            waiter?.resume()
        }
        var polled = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        while !state.withLock({ $0.isStopping }) {
            guard poll(&polled, 1, Self.tick) > 0 else { continue }
            let connection = Glibc.accept(descriptor, nil, nil)
            guard connection >= 0 else { continue }
            _ = fcntl(connection, F_SETFD, FD_CLOEXEC)
            serve(connection)
        }
    }

    private func serve(_ descriptor: Int32) {
        do {
            let socket = try WorkerSocket(descriptor: descriptor)
            let worker = try RemoteWorker(socket: socket, settings: settings, token: configuration.token, models: models, logger: logger, onFatal: onFatal)
            let isTaken = state.withLock { state in
                guard !state.isStopping, state.connections.count < Self.maxConnections else { return false }
                state.connections[ObjectIdentifier(worker)] = worker
                return true
            }
            guard isTaken else { return }
            try BlockingThread.start {
                worker.run()
                self.state.withLock { _ = $0.connections.removeValue(forKey: ObjectIdentifier(worker)) }
            }
        } catch {
            logger.warning("A Python process cannot be served: \(error)")
        }
    }
}
