import HTTPTypes
import Hummingbird
import HummingbirdTesting
import JSONCoding
import Logging
import NIOCore
import TraceModel
import TraceStore

@testable import TraceStudio

/// A query server on a real socket, over a store in memory.
struct Studio: Sendable {
    /// The time the server believes in: 2026-01-01T00:00:00Z, nanoseconds.
    static let now: UInt64 = 1_767_225_600_000_000_000

    var client: any TestClientProtocol

    static func run(_ batches: [SpanBatch], _ body: @Sendable @escaping (Studio) async throws -> Void) async throws {
        let store = InMemoryTraceStore()
        try await store.append(batches)
        try await run(store: store, body)
    }

    static func run(
        store: any TraceStore, archive: (any TraceStore)? = nil, maximumClockSkew: UInt64 = 0, gate: LargeTraceGate = LargeTraceGate(),
        _ body: @Sendable @escaping (Studio) async throws -> Void
    ) async throws {
        let responder = try StudioResponder(
            store: store, archive: archive, ingest: nil, maximumClockSkew: maximumClockSkew, gate: gate, logger: logger, clock: { now }
        )
        try await serve(responder, body)
    }

    /// Tempo's API.
    static func runTempo(_ batches: [SpanBatch], _ body: @Sendable @escaping (Studio) async throws -> Void) async throws {
        let store = InMemoryTraceStore()
        try await store.append(batches)
        try await serve(TempoResponder(store: store, logger: logger, clock: { now }), body)
    }

    /// Zipkin's API.
    static func runZipkin(
        _ batches: [SpanBatch], autocompleteKeys: [String] = [], queryPort: Int = 0, _ body: @Sendable @escaping (Studio) async throws -> Void
    ) async throws {
        let store = InMemoryTraceStore()
        try await store.append(batches)
        let api = ZipkinQueryAPI(store: store, autocompleteKeys: autocompleteKeys, queryPort: queryPort, logger: logger, clock: { now })
        try await serve(CallbackResponder { request, _ in await api.respond(to: request) }, body)
    }

    private static let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

    private static func serve<Responder: HTTPResponder>(
        _ responder: Responder, _ body: @Sendable @escaping (Studio) async throws -> Void
    ) async throws where Responder.Context == BasicRequestContext {
        let application = Application(
            responder: responder,
            configuration: ApplicationConfiguration(address: .hostname("127.0.0.1", port: 0)),
            logger: logger
        )
        try await application.test(.live) { try await body(Studio(client: $0)) }
    }

    func get(_ uri: String, headers: HTTPFields = [:], method: HTTPRequest.Method = .get) async throws -> TestResponse {
        try await client.execute(uri: uri, method: method, headers: headers)
    }

    func post(_ uri: String, _ body: [UInt8], headers: HTTPFields = [:]) async throws -> TestResponse {
        try await client.execute(uri: uri, method: .post, headers: headers, body: ByteBuffer(bytes: body))
    }

    /// The status and the body of an answer as text.
    func text(_ uri: String) async throws -> (status: Int, body: String) {
        let response = try await get(uri)
        return (response.status.code, String(buffer: response.body))
    }

    /// The body of an answer as JSON.
    func json(_ uri: String, status: HTTPResponse.Status = .ok) async throws -> JSONValue {
        let response = try await get(uri)
        guard response.status == status else { throw Unexpected(message: "\(uri): \(response.status) \(String(buffer: response.body))") }
        return try JSONValue.parse(Array(response.body.readableBytesView))
    }

    struct Unexpected: Error {
        var message: String
    }
}

/// A span that started some seconds before ``Studio/now``.
func span(
    trace: UInt64,
    _ id: UInt64,
    parent: UInt64? = nil,
    _ name: String,
    kind: SpanKind = .internal,
    secondsAgo: Double,
    milliseconds: Double,
    attributes: [Attribute] = [],
    events: [SpanEvent] = [],
    status: SpanStatus = SpanStatus()
) -> Span {
    let start = Studio.now - UInt64(secondsAgo * 1e9)
    return Span(
        traceID: TraceID(high: 0, low: trace),
        spanID: SpanID(id),
        parentSpanID: parent.map { SpanID($0) },
        name: name,
        kind: kind,
        startTime: start,
        endTime: start + UInt64(milliseconds * 1e6),
        attributes: attributes,
        events: events,
        status: status
    )
}

func batch(_ service: String, _ spans: Span...) -> SpanBatch {
    SpanBatch(
        resource: Resource(attributes: [Attribute("service.name", .string(service)), Attribute("host.name", "box")]),
        scope: InstrumentationScope(name: "test", version: "1"),
        spans: spans
    )
}

/// Two traces: 0x10, old and slow with an error, and 0x20, new and fast.
let shop: [SpanBatch] = [
    batch("front", span(trace: 0x10, 1, "checkout", kind: .server, secondsAgo: 3600, milliseconds: 80)),
    batch(
        "pay/ment",
        span(
            trace: 0x10,
            2,
            parent: 1,
            "pay",
            kind: .client,
            secondsAgo: 3599.99,
            milliseconds: 40,
            attributes: [Attribute("http.status_code", 500), Attribute("big", .int(1 << 60)), Attribute("list", .array([1, "a"]))],
            events: [SpanEvent(time: Studio.now - 3_599_980_000_000, name: "exception", attributes: [Attribute("exception.message", "card refused")])],
            status: SpanStatus(code: .error)
        )
    ),
    batch("front", span(trace: 0x20, 1, "checkout", kind: .server, secondsAgo: 60, milliseconds: 2)),
]
