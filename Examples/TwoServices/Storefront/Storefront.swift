internal import AsyncHTTPClient
internal import HTTPTypes
internal import Hummingbird
internal import Logging
internal import NIOHTTP1
internal import NeedletailTracing
internal import NeedletailTracingHTTPClient
internal import NeedletailTracingHummingbird
internal import NeedletailTracingLogging
internal import ServiceLifecycle
internal import Tracing
internal import UnixSignals

/// Sells what the inventory has. `GET /checkout/lamp` asks the inventory, charges a card and answers.
@main
struct Storefront {
    static func main() async throws {
        // The trace: where spans go is read from the environment (OTEL_EXPORTER_OTLP_ENDPOINT and so on).
        let environment = ProcessEnvironment.current
        LoggingSystem.bootstrap(StreamLogHandler.standardError, metadataProvider: .needletail)
        let tracing = try NeedletailTracing.bootstrap(serviceName: "storefront")

        // The service. Callers learn the trace id from a header of the answer.
        let logger = Logger(label: "storefront")
        let inventory = environment["INVENTORY_URL"] ?? "http://127.0.0.1:8081"
        let http = HTTPClient.shared.traced()
        var configuration = HummingbirdTracingConfiguration()
        configuration.traceIDResponseHeader = HTTPField.Name("x-trace-id")
        let router = Router(context: ClientAddressRequestContext.self)
        router.add(middleware: NeedletailTracingMiddleware(tracing, configuration: configuration))
        router.get("checkout/:item") { _, context in
            let item = try context.parameters.require("item")
            guard item.allSatisfy({ $0.isASCII && $0.isLetter }) else { throw HTTPError(.badRequest, message: "an item is a word") }
            context.logger.info("Checking out \(item)")
            let response = try await http.execute(HTTPClientRequest(url: "\(inventory)/stock/\(item)"), timeout: .seconds(5))
            let answer = try await String(buffer: response.body.collect(upTo: 65_536))
            guard response.status == .ok else {
                context.logger.error("The inventory answered \(response.status.code)")
                throw HTTPError(response.status == .notFound ? .notFound : .badGateway, message: "no \(item) today")
            }
            try await withSpan("charge the card") { span in
                span.attributes["shop.amount"] = 19.99
                try await Task.sleep(for: .milliseconds(10))
            }
            return "sold a \(item), \(answer) on the shelf\n"
        }
        let application = Application(
            router: router,
            configuration: .init(address: .hostname("127.0.0.1", port: environment["STOREFRONT_PORT"].flatMap { Int($0) } ?? 8080)),
            onServerRunning: { channel in logger.notice("Listening on http://127.0.0.1:\(channel.localAddress?.port ?? 0)") },
            logger: logger
        )

        // The tracing comes first, so that it stops last: spans of the last second are sent on SIGTERM and Ctrl-C.
        let services = ServiceGroup(services: [tracing, application], gracefulShutdownSignals: [.sigterm, .sigint], logger: logger)
        try await services.run()
    }
}
