internal import Hummingbird
internal import Logging
internal import TraceWire

/// Takes OTLP over HTTP in protobuf, and hands the spans to the ledger.
struct SpanReceiver: Sendable {
    private static let maximumRequestSize = 64 << 20

    var port: Int
    var ledger: SpanLedger
    private let started: AsyncStream<Void>
    private let start: AsyncStream<Void>.Continuation

    init(port: Int, ledger: SpanLedger) {
        self.port = port
        self.ledger = ledger
        (started, start) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
    }

    /// Waits until the port is open.
    func isListening() async throws {
        for await _ in started { return }
    }

    func run() async throws {
        var logger = Logger(label: "receiver")
        logger.logLevel = .error
        let router = Router()
        router.post("/v1/traces") { [ledger] request, _ in
            let body = try await request.body.collect(upTo: Self.maximumRequestSize)
            ledger.add(try OTLPProtobuf.decode(Array(buffer: body)).batch)
            return HTTPResponse.Status.ok
        }
        let application = Application(
            router: router,
            configuration: .init(address: .hostname("127.0.0.1", port: port), serverName: nil),
            onServerRunning: { [start] _ in start.yield() },
            logger: logger
        )
        try await application.run()
    }
}
