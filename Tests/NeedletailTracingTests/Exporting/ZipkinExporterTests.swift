import Compression
import HTTPTypes
import Hummingbird
import NeedletailTracing
import Testing
import TraceModel
import TraceWire
import Tracing

@Suite(.timeLimit(.minutes(20)))
struct ZipkinExporterTests {
    private let batch = TraceModel.SpanBatch(
        resource: Resource(attributes: [Attribute("service.name", "tested"), Attribute("service.version", "1")]),
        scope: testScope,
        spans: [finishedSpan("one"), finishedSpan("two")]
    )

    /// Waits of milliseconds instead of seconds.
    private let impatient = RetryPolicy(initialBackoff: .milliseconds(5), maximumBackoff: .milliseconds(20), maximumAttempts: 4)

    private func export(
        to sink: TraceSink,
        _ change: @escaping @Sendable (inout ZipkinExporterConfiguration) -> Void = { _ in }
    ) async throws -> Result<SpanExportResult, SpanExportError> {
        try await sink.serve { [batch, impatient] port in
            var configuration = ZipkinExporterConfiguration(endpoint: "http://127.0.0.1:\(port)/api/v2/spans", timeout: .seconds(300), retry: impatient)
            change(&configuration)
            let exporter = try ZipkinExporter(configuration: configuration)
            let result: Result<SpanExportResult, SpanExportError>
            do {
                result = .success(try await exporter.export(batch))
            } catch let error as SpanExportError {
                result = .failure(error)
            }
            await exporter.shutdown()
            return result
        }
    }

    @Test("Spans arrive as Zipkin's JSON, plain and gzipped", arguments: [.none, .gzip] as [ExportCompression])
    func arrives(compression: ExportCompression) async throws {
        // What Zipkin answers.
        let sink = TraceSink(answers: [.init(status: .accepted)])
        let result = try await export(to: sink) {
            $0.compression = compression
            $0.headers = ["X-Api-Key": "secret"]
            $0.localIPv4 = "192.0.2.7"
            $0.localPort = 8080
        }
        #expect(try result.get() == .success)
        let request = try #require(sink.received.first)
        #expect(request.path == "/api/v2/spans")
        #expect(request.headers[.contentType] == "application/json")
        #expect(request.headers[.contentEncoding] == (compression == .gzip ? "gzip" : nil))
        #expect(request.headers[HTTPField.Name("X-Api-Key")!] == "secret")
        let body = compression == .gzip ? try Gzip.decompress(request.body, maximumSize: 1 << 20) : request.body
        #expect(String(decoding: body, as: UTF8.self).contains(#""localEndpoint":{"serviceName":"tested","ipv4":"192.0.2.7","port":8080}"#))
        let decoded = try ZipkinJSON.decode(body)
        let group = try #require(decoded.batch.resourceSpans.first)
        #expect(group.resource == batch.resourceSpans[0].resource)
        #expect(group.scopeSpans.first?.scope == testScope)
        #expect(group.scopeSpans.first?.spans.map(\.name) == ["one", "two"])
        #expect(group.scopeSpans.first?.spans.map(\.spanID) == batch.resourceSpans[0].scopeSpans[0].spans.map(\.spanID))
    }

    @Test("An overloaded receiver is tried again", arguments: [429, 503])
    func retried(status: Int) async throws {
        let sink = TraceSink(answers: [.init(status: .init(code: status)), .init(status: .accepted)])
        #expect(try await export(to: sink).get() == .success)
        #expect(sink.received.count == 2)
    }

    @Test("A refusal loses the batch with the receiver's words")
    func refused() async throws {
        let sink = TraceSink(answers: [.init(status: .badRequest, body: Array("Expected a JSON_V2 encoded list".utf8))])
        guard case .failure(let error) = try await export(to: sink) else {
            Issue.record("a refusal is an error")
            return
        }
        #expect(error.code == .refused)
        #expect(error.message.contains("400") && error.message.contains("Expected a JSON_V2 encoded list"))
        #expect(sink.received.count == 1)
    }

    @Test("Long values are cut to the configured length; zero and less mean no limit", arguments: [(3, "lon"), (0, "long value"), (-1, "long value")])
    func valueLength(length: Int, expected: String) async throws {
        let sink = TraceSink()
        let long = TraceModel.SpanBatch(
            resource: Resource(), scope: testScope,
            spans: [TraceModel.Span(traceID: IDGenerator.traceID(), spanID: IDGenerator.spanID(), name: "n", startTime: 1, endTime: 2, attributes: [Attribute("k", "long value")])]
        )
        try await sink.serve { port in
            let exporter = try ZipkinExporter(
                configuration: ZipkinExporterConfiguration(endpoint: "127.0.0.1:\(port)/api/v2/spans", maximumTagValueLength: length)
            )
            #expect(try await exporter.export(long) == .success)
            await exporter.shutdown()
        }
        let spans = try ZipkinJSON.decode(try #require(sink.received.first).body).batch.resourceSpans.flatMap { $0.scopeSpans.flatMap(\.spans) }
        #expect(spans.first?.attributes["k"] == .string(expected))
    }

    @Test("An empty batch is not sent")
    func empty() async throws {
        let exporter = try ZipkinExporter()
        #expect(try await exporter.export(SpanBatch()) == .success)
        await exporter.shutdown()
    }

    @Test(
        "Settings that cannot be used are named",
        arguments: [
            (ZipkinExporterConfiguration(endpoint: "ftp://host"), "ftp"), (ZipkinExporterConfiguration(headers: ["a b": "c"]), "a b"),
            (ZipkinExporterConfiguration(localIPv4: "::1"), "localIPv4 is \"::1\""), (ZipkinExporterConfiguration(localIPv6: "[::1]"), "localIPv6"),
            (ZipkinExporterConfiguration(localIPv4: "host.name"), "192.0.2.1"), (ZipkinExporterConfiguration(localPort: 0), "1 to 65535"),
            (ZipkinExporterConfiguration(localPort: 70_000), "localPort is \"70000\""),
        ])
    func badSettings(configuration: ZipkinExporterConfiguration, words: String) throws {
        let error = try #require(throws: TracingConfigurationError.self) { _ = try ZipkinExporter(configuration: configuration) }
        #expect(error.message.contains(words), "\(error.message)")
    }
}
