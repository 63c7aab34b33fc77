internal import AsyncHTTPClient
internal import NIOCore
internal import NIOPosix
internal import NIOSSL
internal import Synchronization

/// The HTTP client of an exporter, made at its first request: an exporter that is never used holds no resources.
final class HTTPExportConnection: Sendable {
    private enum State {
        case idle
        case open(HTTPClient)
        case shutDown
    }

    private let state = Mutex(State.idle)
    private let timeout: Duration
    private let tls: TLSConfiguration

    /// - Parameter timeout: of the connect, and of each wait for bytes; zero means no limit.
    init(timeout: Duration, tls: TLSConfiguration) {
        self.timeout = timeout
        self.tls = tls
    }

    /// `nil` after the shutdown.
    func client() -> HTTPClient? {
        state.withLock { state in
            switch state {
            case .open(let client): return client
            case .shutDown: return nil
            case .idle:
                // POSIX sockets on every platform: Network.framework takes no client certificates from files.
                let client = HTTPClient(
                    eventLoopGroupProvider: .shared(MultiThreadedEventLoopGroup.singleton),
                    configuration: Self.configuration(timeout: timeout, tls: tls)
                )
                state = .open(client)
                return client
            }
        }
    }

    func shutdown() async {
        let client: HTTPClient? = state.withLock { state in
            defer { state = .shutDown }
            if case .open(let client) = state { return client }
            return nil
        }
        // Fails only when it was shut down before, which the state excludes.
        try? await client?.shutdown()
    }

    private static func configuration(timeout: Duration, tls: TLSConfiguration) -> HTTPClient.Configuration {
        var configuration = HTTPClient.Configuration()
        configuration.tlsConfiguration = tls
        configuration.redirectConfiguration = .disallow
        // Retries, with the back-off of the exporter, are the exporter's.
        configuration.connectionPool.retryConnectionEstablishment = false
        if timeout > .zero {
            configuration.timeout.connect = TimeAmount(timeout)
            // The deadline of a request ends with the head of the answer; this one goes on to the end of its body.
            configuration.timeout.read = TimeAmount(timeout)
        }
        // A span for each export would give the next export something to send, for ever.
        configuration.tracing.tracer = nil
        return configuration
    }

    deinit {
        // An owner that forgot to shut down loses idle connections only; the client insists on being told.
        if case .open(let client) = state.withLock({ $0 }) { client.shutdown { _ in } }
    }
}
