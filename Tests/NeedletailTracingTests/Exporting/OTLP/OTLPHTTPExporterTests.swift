import HTTPTypes
import Hummingbird
import NeedletailTracing
import Testing
import TraceModel
import TraceWire
import Tracing

@Suite(.timeLimit(.minutes(20)))
struct OTLPHTTPExporterTests {
    private let batch = TraceModel.SpanBatch(
        resource: Resource(attributes: [Attribute("service.name", "tested")]),
        scope: testScope,
        spans: [finishedSpan("one"), finishedSpan("two")]
    )

    /// Waits of milliseconds instead of seconds.
    private let impatient = RetryPolicy(initialBackoff: .milliseconds(5), maximumBackoff: .milliseconds(20), maximumAttempts: 4)

    private func export(
        to sink: TraceSink,
        _ change: @escaping @Sendable (inout OTLPHTTPExporterConfiguration, _ port: Int) -> Void = { _, _ in }
    ) async throws -> Result<SpanExportResult, SpanExportError> {
        try await sink.serve { [batch, impatient] port in
            var configuration = OTLPHTTPExporterConfiguration(endpoint: "http://127.0.0.1:\(port)/v1/traces", timeout: .seconds(300), retry: impatient)
            change(&configuration, port)
            let exporter = try OTLPHTTPExporter(configuration: configuration)
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

    @Test(
        "Protobuf and JSON, plain and compressed",
        arguments: [.protobuf, .json] as [OTLPHTTPExporterConfiguration.Encoding], ExportCompression.allCases
    )
    func encodings(encoding: OTLPHTTPExporterConfiguration.Encoding, compression: ExportCompression) async throws {
        let sink = TraceSink()
        let result = try await export(to: sink) { configuration, _ in
            configuration.encoding = encoding
            configuration.compression = compression
            configuration.headers = ["X-Api-Key": "secret"]
        }
        #expect(try result.get() == .success)
        let request = try #require(sink.received.first)
        #expect(request.path == "/v1/traces")
        #expect(request.headers[.contentType] == (encoding == .json ? "application/json" : "application/x-protobuf"))
        #expect(request.headers[.contentEncoding] == (compression == .none ? nil : compression.rawValue))
        #expect(request.headers[.userAgent]?.hasPrefix("OTel-OTLP-Exporter-Swift/") == true)
        #expect(request.headers[HTTPField.Name("X-Api-Key")!] == "secret")
        #expect(try request.batch == batch)
    }

    @Test("The endpoint may lack a scheme, and its path is kept")
    func endpoint() async throws {
        let sink = TraceSink()
        _ = try await export(to: sink) { configuration, port in configuration.endpoint = "127.0.0.1:\(port)/my/own/path" }
        #expect(sink.received.map(\.path) == ["/my/own/path"])
    }

    @Test("Unusable endpoints and headers are named", arguments: ["", "ftp://host", "http://", "host:99999/", "http://host:/x", "http://ho st/"])
    func badEndpoint(endpoint: String) {
        let error = #expect(throws: TracingConfigurationError.self) {
            _ = try OTLPHTTPExporter(configuration: OTLPHTTPExporterConfiguration(endpoint: endpoint))
        }
        #expect(error?.code == .invalidEndpoint)
        #expect(error?.message.contains("http://localhost:4318/v1/traces") == true)
        let header = #expect(throws: TracingConfigurationError.self) {
            _ = try OTLPHTTPExporter(configuration: OTLPHTTPExporterConfiguration(headers: ["key": "secret\r\nx: y"]))
        }
        #expect(header?.code == .invalidHeader)
        #expect(header?.message.contains("secret") == false)
    }

    @Test("Overload and gateway errors are retried", arguments: [429, 502, 503, 504])
    func retry(status: Int) async throws {
        let sink = TraceSink(answers: [.init(status: .init(code: status)), .init(status: .init(code: status))])
        let result = try await export(to: sink)
        #expect(try result.get() == .success)
        #expect(sink.received.count == 3)
        #expect(sink.received.allSatisfy { $0.body == sink.received.first?.body })
    }

    @Test("Other errors lose the batch at once, with the receiver's words", arguments: [400, 401, 404, 413, 500, 301])
    func refused(status: Int) async throws {
        let sink = TraceSink(answers: [.init(status: .init(code: status), body: Array(#"{"message":"do not like it"}"#.utf8))])
        let result = try await export(to: sink)
        #expect(sink.received.count == 1)
        guard case .failure(let error) = result else {
            Issue.record("a refusal is an error")
            return
        }
        #expect(error.code == .refused)
        #expect(error.message.contains("\(status)") && error.message.contains("do not like it"))
    }

    @Test("A refusal says what to do", arguments: [
        (401, "OTEL_EXPORTER_OTLP_HEADERS"), (404, "/v1/traces"), (413, "OTEL_BSP_MAX_EXPORT_BATCH_SIZE"), (308, "https://elsewhere/"),
    ])
    func advice(status: Int, word: String) async throws {
        let sink = TraceSink(answers: [.init(status: .init(code: status), headers: [.location: "https://elsewhere/"])])
        guard case .failure(let error) = try await export(to: sink) else {
            Issue.record("a refusal is an error")
            return
        }
        #expect(error.message.contains(word))
    }

    @Test("A connection closed without an answer is tried again, one that breaks after the head of a 200 is not")
    func brokenConnections() async throws {
        let sink = HTTPSink([.closes, .closes, .breaksOff])
        try await sink.serve { port in
            let exporter = try OTLPHTTPExporter(
                configuration: OTLPHTTPExporterConfiguration(endpoint: "127.0.0.1:\(port)", timeout: .seconds(300), retry: impatient)
            )
            let result = try await exporter.export(batch)
            #expect(result == .success)
            await exporter.shutdown()
        }
        #expect(sink.received.count == 3)
    }

    @Test("A gRPC port is recognised")
    func grpcPort() async throws {
        try await GRPCSink().serve { [batch] port in
            let exporter = try OTLPHTTPExporter(
                configuration: OTLPHTTPExporterConfiguration(endpoint: "http://127.0.0.1:\(port)/v1/traces", timeout: .seconds(300), retry: impatient)
            )
            let error = await #expect(throws: SpanExportError.self) { _ = try await exporter.export(batch) }
            #expect(error?.message.contains("OTEL_EXPORTER_OTLP_PROTOCOL=grpc") == true, "\(String(describing: error))")
            await exporter.shutdown()
        }
    }

    @Test("The retries end")
    func givesUp() async throws {
        let sink = TraceSink(answers: Array(repeating: .init(status: .serviceUnavailable), count: 10))
        guard case .failure(let error) = try await export(to: sink) else {
            Issue.record("ten failures are an error")
            return
        }
        #expect(error.code == .unavailable)
        #expect(error.message.contains("after 4 attempts"))
        #expect(sink.received.count == 4)
    }

    @Test("Retry-After replaces the back-off")
    func retryAfter() async throws {
        let sink = TraceSink(answers: [.init(status: .tooManyRequests, headers: [.retryAfter: "1"])])
        let result = try await export(to: sink)
        #expect(try result.get() == .success)
        let times = sink.received.map(\.time)
        try #require(times.count == 2)
        #expect(times[1] - times[0] >= .milliseconds(990))
    }

    @Test("A wait that ends too late is not begun")
    func retryAfterTooLong() async throws {
        let sink = TraceSink(answers: [.init(status: .tooManyRequests, headers: [.retryAfter: "3600"])])
        guard case .failure(let error) = try await export(to: sink) else {
            Issue.record("an hour is too long")
            return
        }
        #expect(error.code == .unavailable)
        #expect(sink.received.count == 1)
    }

    @Test("A partial success is returned and not retried", arguments: [.protobuf, .json] as [OTLPHTTPExporterConfiguration.Encoding])
    func partialSuccess(encoding: OTLPHTTPExporterConfiguration.Encoding) async throws {
        let body =
            encoding == .json
            ? OTLPJSON.encodeExportResponse(rejectedSpans: 1, message: "one was bad")
            : OTLPProtobuf.encodeExportResponse(rejectedSpans: 1, message: "one was bad")
        let type = encoding == .json ? "application/json" : "application/x-protobuf"
        let sink = TraceSink(answers: [.init(headers: [.contentType: type], body: body)])
        let result = try await export(to: sink) { configuration, _ in configuration.encoding = encoding }
        #expect(try result.get() == SpanExportResult(rejectedSpanCount: 1, message: "one was bad"))
        #expect(sink.received.count == 1)
    }

    @Test("A receipt that cannot be read is a success all the same")
    func unreadableReceipt() async throws {
        let sink = TraceSink(answers: [.init(body: [0xff, 0xff, 0xff])])
        #expect(try await export(to: sink).get() == .success)
    }

    @Test("Nobody listening: retried, then unavailable")
    func nobodyListens() async throws {
        // A port that was free a moment ago.
        let port = try await TraceSink().serve { $0 }
        let exporter = try OTLPHTTPExporter(
            configuration: OTLPHTTPExporterConfiguration(endpoint: "127.0.0.1:\(port)/v1/traces", timeout: .seconds(300), retry: impatient)
        )
        let error = await #expect(throws: SpanExportError.self) { _ = try await exporter.export(batch) }
        #expect(error?.code == .unavailable)
        #expect(error?.message.contains("after 4 attempts") == true)
        await exporter.shutdown()
        let afterShutdown = await #expect(throws: SpanExportError.self) { _ = try await exporter.export(batch) }
        #expect(afterShutdown?.code == .shutDown)
    }

    @Test("Cancelling ends the wait between retries")
    func cancellation() async throws {
        let sink = TraceSink(answers: [.init(status: .serviceUnavailable)])
        try await sink.serve { [batch] port in
            let exporter = try OTLPHTTPExporter(
                configuration: OTLPHTTPExporterConfiguration(
                    endpoint: "127.0.0.1:\(port)/v1/traces",
                    timeout: .seconds(300), retry: RetryPolicy(initialBackoff: .seconds(25))
                )
            )
            let task = Task { try await exporter.export(batch) }
            #expect(await eventually { sink.received.count == 1 })
            task.cancel()
            await #expect(throws: CancellationError.self) { _ = try await task.value }
            await exporter.shutdown()
        }
    }

    @Test("Too large a batch is not sent; an empty one neither")
    func size() async throws {
        let sink = TraceSink()
        guard case .failure(let error) = try await export(to: sink, { configuration, _ in configuration.maximumRequestSize = 10 }) else {
            Issue.record("ten bytes are not enough")
            return
        }
        #expect(error.code == .tooLarge)
        let exporter = try OTLPHTTPExporter()
        #expect(try await exporter.export(SpanBatch()) == .success)
        await exporter.shutdown()
        #expect(sink.received.isEmpty)
    }

    @Test("From withSpan to the receiver through the whole system")
    func endToEnd() async throws {
        let sink = TraceSink()
        try await sink.serve { port in
            var configuration = TracingConfiguration(
                environment: [
                    "OTEL_SERVICE_NAME": "shop", "OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:\(port)",
                    "OTEL_EXPORTER_OTLP_COMPRESSION": "gzip",
                ]
            )
            configuration.batch.maxExportBatchSize = 100
            let system = try configuration.makeSystem()
            system.tracer.withSpan("order") { span in
                span.setAttribute("items", 3)
                for _ in 0..<250 { system.tracer.withSpan("item") { _ in } }
            }
            await system.shutdown()
            #expect(system.processors[0].counters.exported == 251)
            #expect(system.processors[0].counters.dropped == 0)
        }
        let batches = try sink.received.map { try $0.batch }
        #expect(batches.reduce(0) { $0 + $1.spanCount } == 251)
        #expect(batches.allSatisfy { $0.resourceSpans.first?.resource.serviceName == "shop" })
        #expect(batches.allSatisfy { $0.spanCount <= 100 })
    }
}
