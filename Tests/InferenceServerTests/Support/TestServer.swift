import AsyncHTTPClient
import Inference
import InferenceServer
import JSONCoding
import Logging
import NIOCore
import NIOHTTP1
import NeedletailTracing
import ServiceLifecycle
import TraceModel

/// A server on a port that the system chose, and a client for it.
struct TestServer: Sendable {
    let port: Int
    let spans: InMemorySpanExporter
    let core: InferenceCore

    /// What a request was answered with.
    struct Answer: Sendable {
        var status: Int
        var headers: HTTPHeaders
        var body: [UInt8]

        var text: String { String(decoding: body, as: UTF8.self) }
        var json: JSONValue { get throws { try JSONValue.parse(body) } }
        /// The text of `{"error":"…"}`.
        var error: String? { (try? json)?["error"]?.stringValue }
    }

    /// Runs a server with these models while the body runs.
    static func run(
        models: [Model] = [.ident, .single, .passthrough],
        settings: TraceSettings? = TraceSettings(level: .timestamps, rate: 1),
        maxBodySize: Int = InferenceHTTPServer.Configuration.defaultMaxBodySize,
        idleTimeout: Duration = .seconds(120),
        configure: (inout InferenceHTTPServer.Configuration) throws -> Void = { _ in },
        _ body: @Sendable (TestServer) async throws -> Void
    ) async throws {
        let spans = InMemorySpanExporter()
        var logger = Logger(label: "test")
        logger.logLevel = .critical
        let writer = try settings?.file.map { try TraceFileWriter(path: $0, logger: logger) }
        let core = InferenceCore(tracer: settings.map { InferenceTracer(settings: $0, processor: spans, file: writer) })
        for model in models { try core.load(model) }
        var configuration = InferenceHTTPServer.Configuration(port: 0, maxBodySize: maxBodySize, idleTimeout: idleTimeout)
        try configure(&configuration)
        let server = try InferenceHTTPServer(configuration: configuration, core: core, logger: logger)
        let services = ServiceGroup(configuration: .init(services: [server], logger: logger))
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await services.run() }
            let port = try await server.boundPort
            do {
                try await body(TestServer(port: port, spans: spans, core: core))
            } catch {
                group.cancelAll()
                throw error
            }
            await services.triggerGracefulShutdown()
            try await group.waitForAll()
            await writer?.close()
        }
    }

    /// A client that makes no spans and sends no context of its own, whatever the process's instrumentation is.
    private static let client: HTTPClient = {
        var configuration = HTTPClient.Configuration()
        configuration.tracing.tracer = nil
        return HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
    }()

    func get(_ path: String) async throws -> Answer { try await send(.GET, path) }

    func post(_ path: String, _ body: String, headers: [(String, String)] = []) async throws -> Answer {
        try await send(.POST, path, body: Array(body.utf8), headers: [("content-type", "application/json")] + headers)
    }

    func send(_ method: HTTPMethod, _ path: String, body: [UInt8]? = nil, headers: [(String, String)] = []) async throws -> Answer {
        var request = HTTPClientRequest(url: "http://127.0.0.1:\(port)\(path)")
        request.method = method
        request.headers = HTTPHeaders(headers)
        if let body { request.body = .bytes(ByteBuffer(bytes: body)) }
        let response = try await Self.client.execute(request, timeout: .seconds(120))
        let bytes = try await response.body.collect(upTo: 64 << 20)
        return Answer(status: Int(response.status.code), headers: response.headers, body: Array(buffer: bytes))
    }

    /// The spans, when there are so many; spans are made just after the answer was sent.
    func spans(count: Int) async throws -> [Span] {
        let deadline = ContinuousClock.now + .seconds(600)
        while spans.spans.count < count, ContinuousClock.now < deadline { try await Task.sleep(for: .milliseconds(2)) }
        return spans.spans
    }
}

/// Requests that a test's model fails in its own way.
struct Boom: Error, CustomStringConvertible {
    var description: String { "execute boom" }
}

extension Model {
    /// `X` FP32 [2] and an optional `S` BYTES [1]; gives `Y` = `X`. The first value -1 fails the request, -2 the whole list.
    static let ident = Model(
        ModelDefinition(
            name: "ident",
            inputs: [
                TensorSpecification("X", Float.self, shape: [2]),
                TensorSpecification(name: "S", dataType: .bytes, shape: [1], isOptional: true),
            ],
            outputs: [TensorSpecification("Y", Float.self, shape: [2])],
            maxBatchSize: 8
        )
    ) { requests in
        try requests.map { request in
            let values = try request.inputs.require("X")
            let first = try values.first(as: Float.self)
            if first == -2 { throw Boom() }
            if first == -1 { return .failure(InferenceError(.invalidArgument, "per-request boom")) }
            return ["Y": values]
        }
    }

    /// Decoupled: `N` INT32 [1] gives `T` 0, 1, … N times; a negative `N` ends in an error instead.
    static let counter = Model(
        ModelDefinition(
            name: "counter",
            inputs: [TensorSpecification("N", Int32.self, shape: [1])],
            outputs: [TensorSpecification("T", Int32.self, shape: [1])]
        ).decoupled,
        executeEach: { request in
            let count = try request.inputs.require("N").first(as: Int32.self)
            for index in 0..<abs(count) { try await request.send(["T": try Tensor([index], shape: [1])]) }
            if count < 0 { throw InferenceError(.invalidArgument, "stream boom") }
            return NamedTensors()
        }
    )

    /// One input of each kind of axis, without batching: `IN` INT32 [-1] gives `OUT` INT32 [-1].
    static let single = Model(
        ModelDefinition(
            name: "single",
            inputs: [TensorSpecification("IN", Int32.self, shape: [-1])],
            outputs: [TensorSpecification("OUT", Int32.self, shape: [-1])]
        ),
        executeEach: { ["OUT": try $0.inputs.require("IN")] }
    )
}

extension ModelDefinition {
    /// This declaration, of a model that answers any number of times.
    var decoupled: ModelDefinition {
        var definition = self
        definition.isDecoupled = true
        return definition
    }
}
