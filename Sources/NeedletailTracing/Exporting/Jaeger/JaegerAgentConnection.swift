internal import NIOCore
internal import NIOPosix
internal import Synchronization
internal import TraceWire

/// A UDP socket connected to a Jaeger agent: opened at the first datagram, and again after a failure, then with the host's
/// next address.
///
/// Connected, because only then the operating system tells that a datagram was refused.
final class JaegerAgentConnection: Sendable {
    /// What became of a datagram.
    enum Outcome {
        case sent
        /// It was sent after an earlier one had been refused.
        case sentAfterLoss(String)
        /// The system sends no datagram of this size; the next to try.
        case tooLarge(smallerSize: Int)
    }

    private enum State {
        case idle
        case opening(EventLoopFuture<any Channel>)
        case open(any Channel)
        case shutDown
    }

    private struct Storage {
        var state = State.idle
        var failures = 0
        var packetSize: Int
    }

    private let host: String
    private let port: Int
    private let lookUp: @Sendable (_ host: String, _ port: Int) throws -> [SocketAddress]
    private let storage: Mutex<Storage>

    /// - Parameter lookUp: finds at least one address of the host; it may block.
    init(
        host: String, port: Int, packetSize: Int,
        lookUp: @escaping @Sendable (_ host: String, _ port: Int) throws -> [SocketAddress] = HostLookup.addresses
    ) {
        self.host = host
        self.port = port
        self.lookUp = lookUp
        storage = Mutex(Storage(packetSize: packetSize))
    }

    /// The largest datagram that the system is known to send, or the one that is set.
    var packetSize: Int { storage.withLock { $0.packetSize } }

    /// Sends a datagram, and once more to the host's next address when it is refused at once.
    ///
    /// - Throws: ``SpanExportError``, or `CancellationError` when the task is cancelled.
    func send(_ bytes: [UInt8]) async throws -> Outcome {
        var loss: String?
        var attempts = 0
        while true {
            attempts += 1
            var opened: (any Channel)?
            do {
                let channel = try await channel()
                opened = channel
                // Of a datagram sent before this call: the agent may have moved.
                if attempts == 1, let earlier = try await pendingError(channel) {
                    loss = explain(earlier)
                    fail(channel)
                    continue
                }
                try await channel.writeAndFlush(ByteBuffer(bytes: bytes)).value()
                if let refusal = try await pendingError(channel) { throw refusal }
                return loss.map { .sentAfterLoss($0) } ?? .sent
            } catch ChannelError.writeMessageTooLarge {
                return .tooLarge(smallerSize: try shrink(below: bytes.count))
            } catch let error where error is CancellationError || error is SpanExportError {
                throw error
            } catch {
                if let opened { fail(opened) }
                guard attempts < Self.maximumAttempts else { throw failure(explain(error)) }
            }
        }
    }

    func shutdown() async {
        let channel: (any Channel)? = storage.withLock { storage in
            defer { storage.state = .shutDown }
            if case .open(let channel) = storage.state { return channel }
            return nil
        }
        // Fails only when the socket was closed before.
        try? await channel?.close()
    }

    deinit {
        if case .open(let channel) = storage.withLock({ $0.state }) { channel.close(promise: nil) }
    }

    /// Sockets used for one datagram; `localhost` has two addresses.
    private static let maximumAttempts = 3

    // MARK: Opening

    private func channel() async throws -> any Channel {
        let (future, isNew): (EventLoopFuture<any Channel>, Bool) = try storage.withLock { storage in
            switch storage.state {
            case .shutDown: throw SpanExportError(code: .shutDown, message: "the exporter for \(self) was shut down")
            case .open(let channel): return (channel.eventLoop.makeSucceededFuture(channel), false)
            case .opening(let future): return (future, false)
            case .idle:
                let future = connect(failures: storage.failures)
                storage.state = .opening(future)
                return (future, true)
            }
        }
        if isNew { future.whenComplete { self.opened($0) } }
        return try await future.value()
    }

    private func opened(_ result: Result<any Channel, any Error>) {
        let isLate = storage.withLock { storage in
            guard case .opening = storage.state else { return true }
            switch result {
            case .success(let channel): storage.state = .open(channel)
            case .failure:
                storage.state = .idle
                storage.failures += 1
            }
            return false
        }
        if isLate, case .success(let channel) = result { channel.close(promise: nil) }
    }

    /// Looks the host up and connects to its addresses in turn.
    private func connect(failures: Int) -> EventLoopFuture<any Channel> {
        let loop = MultiThreadedEventLoopGroup.singleton.next()
        let addresses = loop.makePromise(of: [SocketAddress].self)
        let (host, port, lookUp) = (host, port, lookUp)
        // The look-up blocks, so that it has a thread of its own.
        NIOThreadPool.singleton.submit { _ in
            addresses.completeWith(Result { try lookUp(host, port) })
        }
        return addresses.futureResult.flatMap { addresses in
            DatagramBootstrap(group: loop)
                .channelOption(.autoRead, value: false)
                .channelInitializer { $0.pipeline.addHandler(ErrorKeeper()) }
                .connect(to: addresses[failures % addresses.count])
        }
    }

    // MARK: Failures

    /// Gives up a socket, unless another call did so.
    private func fail(_ failed: any Channel) {
        storage.withLock { storage in
            guard case .open(let channel) = storage.state, channel === failed else { return }
            storage.state = .idle
            storage.failures += 1
        }
        failed.close(promise: nil)
    }

    /// What the system has to say about datagrams that it took, for instance that they were refused.
    private func pendingError(_ channel: any Channel) async throws -> IOError? {
        try await channel.eventLoop.submit {
            let keeper = try channel.pipeline.syncOperations.handler(type: ErrorKeeper.self)
            if let error = keeper.take() { return error }
            let code = try channel.syncOptions?.getOption(.socketOption(.so_error)) ?? 0
            return code == 0 ? nil : IOError(errnoCode: CInt(truncatingIfNeeded: code), reason: "send")
        }.value()
    }

    /// Halves the size of later datagrams.
    private func shrink(below size: Int) throws -> Int {
        guard size > JaegerDatagrams.smallestSize else { throw failure("the system sends no datagram of \(size) bytes") }
        return storage.withLock { storage in
            // Several calls may have met the limit at once.
            if storage.packetSize >= size { storage.packetSize = max(size / 2, JaegerDatagrams.smallestSize) }
            return storage.packetSize
        }
    }

    private func failure(_ reason: String) -> SpanExportError {
        SpanExportError(
            code: .unavailable,
            message: "\(self) cannot be reached: \(reason) (OTEL_EXPORTER_JAEGER_AGENT_HOST, OTEL_EXPORTER_JAEGER_AGENT_PORT)"
        )
    }

    private func explain(_ error: any Error) -> String {
        switch error {
        case let error as IOError where error.isRefusal:
            "it refused the datagram; does a Jaeger agent or collector listen there?"
        case let error as HostLookup.Failure: error.description
        case ChannelError.writeHostUnreachable: "no route leads to the host"
        default: "\(error)"
        }
    }
}

extension JaegerAgentConnection: CustomStringConvertible {
    var description: String { "Jaeger agent udp://\(host.contains(":") ? "[\(host)]" : host):\(port)" }
}

/// Keeps the error that the event loop found on the socket, until someone asks.
private final class ErrorKeeper: ChannelInboundHandler, Sendable {
    typealias InboundIn = ByteBuffer

    private let error = Mutex<IOError?>(nil)

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        if let error = error as? IOError { self.error.withLock { $0 = error } }
    }

    func take() -> IOError? {
        error.withLock { error in
            defer { error = nil }
            return error
        }
    }
}

extension EventLoopFuture where Value: Sendable {
    /// The result; a cancelled task does not wait for it.
    fileprivate func value() async throws -> Value {
        let promise = eventLoop.makePromise(of: Value.self)
        cascade(to: promise)
        return try await withTaskCancellationHandler {
            try await promise.futureResult.get()
        } onCancel: {
            // Without effect when the result is there.
            promise.fail(CancellationError())
        }
    }
}
