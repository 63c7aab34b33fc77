import HTTPTypes
import Hummingbird
import HummingbirdTesting
import Logging
import NIOCore
import TraceStore

@testable import TraceCollector

let quietLogger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

/// A receiver over HTTP on a real socket, with the ingest behind it.
struct HTTPReceiverFixture: Sendable {
    var client: any TestClientProtocol
    var ingest: SpanIngest

    func post(_ body: [UInt8], to path: String, type: String?, headers: HTTPFields = [:]) async throws -> TestResponse {
        var headers = headers
        if let type { headers[.contentType] = type }
        return try await client.execute(uri: path, method: .post, headers: headers, body: ByteBuffer(bytes: body))
    }
}

/// Runs the server that `makeServer` makes, and an ingest, beside the body.
func withHTTPReceiver<Dialect: SpanHTTPDialect>(
    store: any TraceStore,
    configuration: SpanIngestConfiguration = SpanIngestConfiguration(),
    makeServer: (SpanIngest) -> SpanHTTPServer<Dialect>,
    _ body: @Sendable @escaping (HTTPReceiverFixture) async throws -> Void
) async throws {
    let ingest = SpanIngest(store: store, configuration: configuration, logger: quietLogger)
    let application = makeServer(ingest).makeApplication()
    try await withThrowingTaskGroup(of: Void.self) { group in
        group.addTask { try await ingest.run() }
        try await application.test(.live) { client in
            try await body(HTTPReceiverFixture(client: client, ingest: ingest))
        }
        group.cancelAll()
        try await group.waitForAll()
    }
}

extension TestResponse {
    var text: String { String(buffer: body) }
}
