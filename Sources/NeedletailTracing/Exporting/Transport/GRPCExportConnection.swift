internal import GRPCCore
internal import GRPCNIOTransportHTTP2Posix
internal import Synchronization

/// The gRPC client of an exporter, made at its first call: an exporter that is never used holds no resources.
///
/// A connection that gave no sign of life is given up and made anew by the next call, so that a dead receiver costs nothing
/// between two exports, a name is looked up again, and a connection that died unnoticed is used once at most.
final class GRPCExportConnection: Sendable {
    typealias Client = GRPCClient<HTTP2ClientTransport.Posix>

    /// One client and the task that runs its connections. Calls hold it while they last; the last holder ends it.
    final class Link: Sendable {
        let client: Client
        /// Owned by this object: ended by `end()`, at the latest in `deinit`.
        private let runner: Task<Void, Never>
        /// Finishes when the connections are closed.
        private let closed: AsyncStream<Never>

        fileprivate init(_ client: Client) {
            let (closed, whenClosed) = AsyncStream.makeStream(of: Never.self)
            self.client = client
            self.closed = closed
            runner = Task {
                // Fails only as a whole with the calls, which tell why.
                try? await client.runConnections()
                whenClosed.finish()
            }
        }

        func end() {
            client.beginGracefulShutdown()
            // A lookup or a connect under way does not heed the graceful shutdown.
            runner.cancel()
        }

        /// Waits until the connections are closed, for a while: a connect under way cannot be called off.
        func waitUntilClosed() async {
            await withTaskGroup(of: Void.self) { group in
                group.addTask { [closed] in for await _ in closed {} }
                group.addTask { try? await Task.sleep(for: .seconds(1)) }
                await group.next()
                group.cancelAll()
            }
        }

        deinit { end() }
    }

    private enum State {
        case idle
        case open(Link)
        case shutDown
    }

    private let state = Mutex(State.idle)
    private let makeClient: @Sendable () throws -> Client

    init(_ makeClient: @escaping @Sendable () throws -> Client) {
        self.makeClient = makeClient
    }

    /// `nil` after the shutdown.
    func link() throws -> Link? {
        try state.withLock { state in
            switch state {
            case .open(let link): return link
            case .shutDown: return nil
            case .idle:
                let link = Link(try makeClient())
                state = .open(link)
                return link
            }
        }
    }

    /// Lets the next call make a new connection; calls that use this one may go on.
    func giveUp(_ link: Link) {
        state.withLock { state in
            if case .open(let current) = state, current === link { state = .idle }
        }
    }

    var isShutDown: Bool {
        state.withLock { if case .shutDown = $0 { true } else { false } }
    }

    func shutdown() async {
        let link: Link? = state.withLock { state in
            defer { state = .shutDown }
            if case .open(let link) = state { return link }
            return nil
        }
        link?.end()
        await link?.waitUntilClosed()
    }
}
