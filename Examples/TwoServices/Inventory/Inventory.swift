internal import Hummingbird
internal import Logging
internal import NeedletailTracing
internal import NeedletailTracingHummingbird
internal import NeedletailTracingLogging
internal import ServiceLifecycle
internal import Tracing
internal import UnixSignals

/// Knows what is on the shelves. `GET /stock/lamp` answers with a number; `/stock/unicorn` always fails.
@main
struct Inventory {
    struct ShelfCollapsed: Error, CustomStringConvertible {
        var item: String
        var description: String { "the shelf with the \(item) collapsed" }
    }

    static let stock = ["lamp": 12, "book": 3, "chair": 1]

    static func main() async throws {
        // The trace: where spans go is read from the environment (OTEL_EXPORTER_OTLP_ENDPOINT and so on).
        let environment = ProcessEnvironment.current
        LoggingSystem.bootstrap(StreamLogHandler.standardError, metadataProvider: .needletail)
        let tracing = try NeedletailTracing.bootstrap(serviceName: "inventory")

        // The service.
        let logger = Logger(label: "inventory")
        let router = Router(context: ClientAddressRequestContext.self)
        router.add(middleware: NeedletailTracingMiddleware(tracing))
        router.get("stock/:item") { _, context in
            let item = try context.parameters.require("item")
            context.logger.info("Counting \(item)")
            return try await withSpan("count the shelf") { span in
                span.attributes["shop.item"] = item
                try await Task.sleep(for: .milliseconds(20))
                if item == "unicorn" { throw ShelfCollapsed(item: item) }
                guard let count = stock[item] else { throw HTTPError(.notFound, message: "no \(item) here") }
                span.attributes["shop.count"] = count
                return "\(count)"
            }
        }
        let application = Application(
            router: router,
            configuration: .init(address: .hostname("127.0.0.1", port: environment["INVENTORY_PORT"].flatMap { Int($0) } ?? 8081)),
            onServerRunning: { channel in logger.notice("Listening on http://127.0.0.1:\(channel.localAddress?.port ?? 0)") },
            logger: logger
        )

        // The tracing comes first, so that it stops last: spans of the last second are sent on SIGTERM and Ctrl-C.
        let services = ServiceGroup(services: [tracing, application], gracefulShutdownSignals: [.sigterm, .sigint], logger: logger)
        try await services.run()
    }
}
