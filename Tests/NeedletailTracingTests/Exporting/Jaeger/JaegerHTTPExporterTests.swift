import HTTPTypes
import NeedletailTracing
import Testing
import TraceModel
import TraceWire

@Suite struct JaegerHTTPExporterTests {
    private func exporter(_ port: Int, _ change: (inout JaegerHTTPExporterConfiguration) -> Void = { _ in }) throws -> JaegerHTTPExporter {
        var configuration = JaegerHTTPExporterConfiguration(
            endpoint: "http://127.0.0.1:\(port)/api/traces", timeout: .seconds(300), retry: RetryPolicy(initialBackoff: .milliseconds(1), maximumAttempts: 3))
        change(&configuration)
        return try JaegerHTTPExporter(configuration: configuration)
    }

    private func group(_ service: String, _ names: String...) -> ResourceSpans {
        ResourceSpans(
            resource: Resource(attributes: [Attribute("service.name", .string(service)), Attribute("host.name", "h")]),
            scopeSpans: [ScopeSpans(scope: testScope, spans: names.map { finishedSpan($0) })])
    }

    @Test("A batch is posted as Thrift, one request for each resource")
    func post() async throws {
        let sink = TraceSink()
        let batch = SpanBatch(resourceSpans: [group("one", "a", "b"), group("empty"), group("two", "c")])
        try await sink.serve { port in
            let exporter = try exporter(port) {
                $0.user = "me"
                $0.password = "p:w"
                $0.headers = ["x-tenant": "t"]
            }
            #expect(try await exporter.export(batch) == .success)
            await exporter.shutdown()
        }
        #expect(sink.received.count == 2)
        #expect(sink.received.allSatisfy { $0.path == "/api/traces" })
        let headers = try #require(sink.received.first?.headers)
        #expect(headers[.contentType] == "application/x-thrift")
        // "me:p:w"
        #expect(headers[.authorization] == "Basic bWU6cDp3")
        #expect(headers[.init("x-tenant")!] == "t")
        let groups = try sink.received.flatMap { try JaegerThrift.decodeBinaryBatch($0.body).batch.resourceSpans }
        #expect(groups.map(\.resource) == [batch.resourceSpans[0].resource, batch.resourceSpans[2].resource])
        #expect(groups.map { $0.scopeSpans.flatMap(\.spans).map(\.name) } == [["a", "b"], ["c"]])
        #expect(groups[0].scopeSpans[0].scope == testScope)
    }

    @Test("A busy collector is asked again")
    func retry() async throws {
        let sink = TraceSink(answers: [.init(status: .serviceUnavailable), .init(status: .accepted)])
        try await sink.serve { port in
            let exporter = try exporter(port)
            #expect(try await exporter.export(SpanBatch(resourceSpans: [group("one", "a")])) == .success)
            await exporter.shutdown()
        }
        #expect(sink.received.count == 2)
    }

    @Test("A collector that refuses one resource's spans still gets the others")
    func partial() async throws {
        let sink = TraceSink(answers: [.init(status: .badRequest, body: Array("Unable to process request body".utf8)), .init(status: .accepted)])
        try await sink.serve { port in
            let exporter = try exporter(port)
            let result = try await exporter.export(SpanBatch(resourceSpans: [group("one", "a", "b"), group("two", "c")]))
            #expect(result.rejectedSpanCount == 2)
            #expect(result.message.contains("400 Bad Request: Unable to process request body"))
            await exporter.shutdown()
        }
    }

    @Test("A collector that refuses everything is an error")
    func refused() async throws {
        let sink = TraceSink(answers: [.init(status: .badRequest)])
        try await sink.serve { port in
            let exporter = try exporter(port)
            let error = try await #require(throws: SpanExportError.self) {
                try await exporter.export(SpanBatch(resourceSpans: [group("one", "a")]))
            }
            #expect(error.code == .refused)
            await exporter.shutdown()
        }
    }

    @Test("Long texts are cut at the limit that is set")
    func tagValueLength() async throws {
        let sink = TraceSink()
        try await sink.serve { port in
            let exporter = try exporter(port) { $0.maximumTagValueLength = 2 }
            var group = group("service", "a")
            group.scopeSpans[0].spans[0].attributes = [Attribute("text", "abcdefgh")]
            _ = try await exporter.export(SpanBatch(resourceSpans: [group]))
            await exporter.shutdown()
        }
        let body = try #require(sink.received.first?.body)
        #expect(try JaegerThrift.decodeBinaryBatch(body).batch.resourceSpans[0].scopeSpans[0].spans[0].attributes == [Attribute("text", "ab")])
    }

    @Test("Settings that cannot work are refused at once, without telling the password")
    func badSettings() throws {
        let error = try #require(throws: TracingConfigurationError.self) { try exporter(1) { $0.password = "secret" } }
        #expect(!error.message.contains("secret"))
        #expect(throws: TracingConfigurationError.self) { try exporter(1) { $0.user = "a:b" } }
        #expect(throws: TracingConfigurationError.self) { try exporter(1) { $0.endpoint = "ftp://localhost" } }
    }
}
