import GRPCCore
import NeedletailTracing
import Testing
import TraceModel
import TraceWire

@Suite("Jaeger over gRPC", .timeLimit(.minutes(20)))
struct JaegerGRPCExporterTests {
    private static let postSpans = MethodDescriptor(
        service: ServiceDescriptor(fullyQualifiedService: "jaeger.api_v2.CollectorService"), method: "PostSpans"
    )

    private static func group(_ service: String, _ spans: String...) -> ResourceSpans {
        ResourceSpans(
            resource: Resource(attributes: [Attribute("service.name", .string(service))]),
            scopeSpans: [ScopeSpans(scope: testScope, spans: spans.map { finishedSpan($0) })]
        )
    }

    private func export(
        _ batch: TraceModel.SpanBatch, to sink: GRPCSink,
        _ change: @escaping @Sendable (inout JaegerGRPCExporterConfiguration) -> Void = { _ in }
    ) async throws -> SpanExportResult {
        try await sink.serve { port in
            var configuration = JaegerGRPCExporterConfiguration(
                endpoint: "127.0.0.1:\(port)", isInsecure: true, timeout: .seconds(300), retry: RetryPolicy(initialBackoff: .milliseconds(5), maximumAttempts: 3)
            )
            change(&configuration)
            let exporter = try JaegerGRPCExporter(configuration: configuration)
            defer { Task { await exporter.shutdown() } }
            return try await exporter.export(batch)
        }
    }

    @Test("One call for each resource, with the headers; a busy collector is asked again")
    func arrives() async throws {
        let batch = TraceModel.SpanBatch(resourceSpans: [Self.group("shop", "one", "two"), Self.group("bank", "three"), Self.group("empty")])
        let sink = GRPCSink(answers: [.error(RPCError(code: .unavailable, message: "busy"))], method: Self.postSpans)
        let result = try await export(batch, to: sink) { $0.headers = ["Authorization": "Bearer x"] }
        #expect(result == .success)
        let calls = sink.received.dropFirst()
        let groups = try calls.flatMap { try JaegerProtobuf.decodePostSpansRequest($0.message).batch.resourceSpans }
        #expect(groups.map(\.resource.serviceName) == ["shop", "bank"])
        #expect(groups.map { $0.scopeSpans.flatMap(\.spans).map(\.name) } == [["one", "two"], ["three"]])
        #expect(groups.first?.scopeSpans.first?.spans.first?.traceID == batch.resourceSpans[0].scopeSpans[0].spans[0].traceID)
        #expect(calls.allSatisfy { Array($0.metadata[stringValues: "authorization"]) == ["Bearer x"] })
    }

    @Test("A refusal loses the spans of its resource only, and is told")
    func refusal() async throws {
        let batch = TraceModel.SpanBatch(resourceSpans: [Self.group("shop", "one", "two"), Self.group("bank", "three")])
        let refusal = GRPCSink.Answer.error(RPCError(code: .invalidArgument, message: "no shops"))
        let result = try await export(batch, to: GRPCSink(answers: [refusal], method: Self.postSpans))
        #expect(result.rejectedSpanCount == 2)
        #expect(result.message.contains("no shops"))
        let error = await #expect(throws: SpanExportError.self) {
            _ = try await export(batch, to: GRPCSink(answers: [refusal, refusal], method: Self.postSpans))
        }
        #expect(error?.code == .refused)
    }
}
