import GRPCCore
import GRPCNIOTransportHTTP2Posix
import NeedletailTracing
import Testing
import TraceModel
import TraceWire

@Suite("OTLP over gRPC", .timeLimit(.minutes(20)))
struct OTLPGRPCExporterTests {
    private let batch = TraceModel.SpanBatch(
        resource: Resource(attributes: [Attribute("service.name", "tested")]),
        scope: testScope,
        spans: [finishedSpan("one"), finishedSpan("two")]
    )

    /// Waits of milliseconds instead of seconds.
    private static let impatient = RetryPolicy(initialBackoff: .milliseconds(5), maximumBackoff: .milliseconds(20), maximumAttempts: 4)

    private func configuration(host: String = "127.0.0.1", port: Int) -> OTLPGRPCExporterConfiguration {
        OTLPGRPCExporterConfiguration(endpoint: "http://\(host):\(port)", timeout: .seconds(300), retry: Self.impatient)
    }

    private func export(
        to sink: GRPCSink,
        compression: CompressionAlgorithmSet = .all,
        _ change: @escaping @Sendable (inout OTLPGRPCExporterConfiguration) -> Void = { _ in }
    ) async throws -> Result<SpanExportResult, SpanExportError> {
        try await sink.serve(compression: compression) { [batch] port in
            var configuration = configuration(port: port)
            change(&configuration)
            let exporter = try OTLPGRPCExporter(configuration: configuration)
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

    /// The trailer with a `RetryInfo` of so many milliseconds; `nil` leaves the delay out.
    private static func retryInfo(milliseconds: Int?) -> Metadata {
        func field(_ tag: UInt8, _ bytes: [UInt8]) -> [UInt8] { [tag, UInt8(bytes.count)] + bytes }
        func varint(_ value: Int) -> [UInt8] { value < 128 ? [UInt8(value)] : [UInt8(value & 127) | 128] + varint(value >> 7) }
        let info = milliseconds.map { field(0x0a, [0x08, UInt8($0 / 1000), 0x10] + varint($0 % 1000 * 1_000_000)) } ?? []
        let any = field(0x0a, Array("type.googleapis.com/google.rpc.RetryInfo".utf8)) + field(0x12, info)
        return ["grpc-status-details-bin": .binary([0x08, 8] + field(0x1a, any))]
    }

    @Test("Spans arrive, plain and compressed, with the headers", arguments: [.none, .gzip, .deflate] as [ExportCompression])
    func arrives(compression: ExportCompression) async throws {
        let sink = GRPCSink()
        let result = try await export(to: sink) { configuration in
            configuration.compression = compression
            configuration.headers = ["X-Api-Key": "secret", "token-bin": "AAECAw=="]
        }
        #expect(try result.get() == .success)
        let call = try #require(sink.received.first)
        #expect(try OTLPProtobuf.decode(call.message).batch == batch)
        #expect(Array(call.metadata[stringValues: "x-api-key"]) == ["secret"])
        #expect(Array(call.metadata[binaryValues: "token-bin"]) == [[0, 1, 2, 3]])
        #expect(call.metadata[stringValues: "user-agent"].contains { $0.hasPrefix("OTel-OTLP-Exporter-Swift/") })
    }

    @Test("Compression is really used: a receiver without it refuses", arguments: [.gzip, .deflate] as [ExportCompression])
    func compressionIsUsed(compression: ExportCompression) async throws {
        let sink = GRPCSink()
        guard case .failure(let error) = try await export(to: sink, compression: .none, { $0.compression = compression }) else {
            Issue.record("the receiver cannot read this")
            return
        }
        #expect(error.code == .refused)
        #expect(error.message.contains("UNIMPLEMENTED") && error.message.contains("compression"))
        let plain = try await export(to: sink, compression: .none)
        #expect(try plain.get() == .success)
    }

    @Test("A message above gRPC's usual 4 MiB")
    func large() async throws {
        let sink = GRPCSink()
        let spans = (0..<60_000).map { _ in finishedSpan("a span among many") }
        let large = TraceModel.SpanBatch(resource: Resource(), scope: testScope, spans: spans)
        try await sink.serve { port in
            let exporter = try OTLPGRPCExporter(configuration: configuration(port: port))
            #expect(try await exporter.export(large) == .success)
            await exporter.shutdown()
        }
        let message = try #require(sink.received.first?.message)
        #expect(message.count > 4 << 20)
        #expect(try OTLPProtobuf.decode(message).batch.spanCount == 60_000)
    }

    @Test("Too large a batch is not sent; an empty one neither")
    func size() async throws {
        let sink = GRPCSink()
        guard case .failure(let error) = try await export(to: sink, { $0.maximumRequestSize = 10 }) else {
            Issue.record("ten bytes are not enough")
            return
        }
        #expect(error.code == .tooLarge)
        let exporter = try OTLPGRPCExporter()
        #expect(try await exporter.export(SpanBatch()) == .success)
        await exporter.shutdown()
        #expect(sink.received.isEmpty)
    }

    @Test("A partial success is returned and not retried")
    func partialSuccess() async throws {
        let sink = GRPCSink(answers: [.message(OTLPProtobuf.encodeExportResponse(rejectedSpans: 1, message: "one is enough"))])
        let result = try await export(to: sink)
        #expect(try result.get() == SpanExportResult(rejectedSpanCount: 1, message: "one is enough"))
        #expect(sink.received.count == 1)
    }

    @Test("Codes that may pass are retried", arguments: [
        RPCError.Code.cancelled, .deadlineExceeded, .aborted, .outOfRange, .unavailable, .dataLoss,
    ])
    func retry(code: RPCError.Code) async throws {
        let failure = GRPCSink.Answer.error(RPCError(code: code, message: "later"))
        let sink = GRPCSink(answers: [failure, failure])
        let result = try await export(to: sink)
        #expect(try result.get() == .success)
        #expect(sink.received.count == 3)
        #expect(Set(sink.received.map(\.message)).count == 1)
        #expect(Set(sink.received.map(\.peer)).count == 1, "the connection is kept")
    }

    @Test("Other codes lose the batch at once, with the receiver's words", arguments: [
        RPCError.Code.invalidArgument, .unauthenticated, .permissionDenied, .unimplemented, .internalError, .unknown, .notFound,
        .resourceExhausted,
    ])
    func refused(code: RPCError.Code) async throws {
        let sink = GRPCSink(answers: [.error(RPCError(code: code, message: "do not like it"))])
        guard case .failure(let error) = try await export(to: sink) else {
            Issue.record("a refusal is an error")
            return
        }
        #expect(sink.received.count == 1)
        #expect(error.code == .refused)
        #expect(error.message.contains("do not like it"))
        if code == .resourceExhausted { #expect(error.message.contains("RESOURCE_EXHAUSTED")) }
    }

    @Test("RESOURCE_EXHAUSTED is retried when the receiver says when", arguments: [nil, 0, 300])
    func retryInfo(milliseconds: Int?) async throws {
        let error = RPCError(code: .resourceExhausted, message: "full", metadata: Self.retryInfo(milliseconds: milliseconds))
        let sink = GRPCSink(answers: [.error(error)])
        let result = try await export(to: sink)
        #expect(try result.get() == .success)
        let times = sink.received.map(\.time)
        try #require(times.count == 2)
        #expect(times[1] - times[0] >= .milliseconds(milliseconds ?? 0))
    }

    @Test("A wait that ends too late is not begun, and the retries end")
    func givesUp() async throws {
        let late = RPCError(code: .unavailable, message: "full", metadata: Self.retryInfo(milliseconds: 60_000))
        let sink = GRPCSink(answers: [.error(late)])
        guard case .failure(let error) = try await export(to: sink) else {
            Issue.record("a minute is too long")
            return
        }
        #expect(error.code == .unavailable)
        #expect(sink.received.count == 1)
        let busy = GRPCSink(answers: Array(repeating: .error(RPCError(code: .unavailable, message: "busy")), count: 10))
        guard case .failure(let last) = try await export(to: busy) else {
            Issue.record("ten failures are an error")
            return
        }
        #expect(last.message.contains("UNAVAILABLE after 4 attempts: busy"))
        #expect(busy.received.count == 4)
    }

    @Test("Nobody listening: retried, then unavailable")
    func nobodyListens() async throws {
        // A port that was free a moment ago.
        let port = try await GRPCSink().serve { $0 }
        let exporter = try OTLPGRPCExporter(configuration: configuration(port: port))
        let error = await #expect(throws: SpanExportError.self) { _ = try await exporter.export(batch) }
        #expect(error?.code == .unavailable)
        #expect(error?.message.contains("after 4 attempts") == true)
        #expect(error?.message.contains("refused") == true)
        await exporter.shutdown()
        let afterShutdown = await #expect(throws: SpanExportError.self) { _ = try await exporter.export(batch) }
        #expect(afterShutdown?.code == .shutDown)
    }

    @Test("An HTTP port is recognised")
    func httpPort() async throws {
        try await TraceSink().serve { [batch] port in
            let exporter = try OTLPGRPCExporter(configuration: configuration(port: port))
            let error = await #expect(throws: SpanExportError.self) { _ = try await exporter.export(batch) }
            #expect(error?.message.contains("OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf") == true, "\(String(describing: error))")
            await exporter.shutdown()
        }
    }

    @Test("Over a Unix domain socket")
    func unixSocket() async throws {
        let sink = GRPCSink()
        let path = "/tmp/needletail-\(TraceModel.TraceID(high: 0, low: UInt64.random(in: 1...UInt64.max))).sock"
        try await sink.serve(at: .unixDomainSocket(path: path)) { [batch] _ in
            let exporter = try OTLPGRPCExporter(configuration: OTLPGRPCExporterConfiguration(endpoint: "unix://\(path)", timeout: .seconds(300), retry: Self.impatient))
            let result = try await exporter.export(batch)
            #expect(result == .success)
            await exporter.shutdown()
        }
        #expect(sink.received.count == 1)
    }

    @Test("An unknown host name is told")
    func unknownHost() async throws {
        let exporter = try OTLPGRPCExporter(
            configuration: OTLPGRPCExporterConfiguration(endpoint: "http://nowhere.invalid:4317", timeout: .seconds(300), retry: RetryPolicy(maximumAttempts: 1))
        )
        let error = await #expect(throws: SpanExportError.self) { _ = try await exporter.export(batch) }
        #expect(error?.code == .unavailable)
        #expect(error?.message.contains("nowhere.invalid") == true)
        await exporter.shutdown()
    }

    @Test("A receiver that does not answer times out")
    func timesOut() async throws {
        let sink = GRPCSink(answers: [.never])
        guard case .failure(let error) = try await export(to: sink, { $0.timeout = .milliseconds(100) }) else {
            Issue.record("no answer is an error")
            return
        }
        #expect(error.code == .timedOut)
        #expect(error.message.contains("OTEL_EXPORTER_OTLP_TIMEOUT"))
    }

    @Test("After a restart of the receiver, spans arrive again")
    func restart() async throws {
        let first = GRPCSink()
        let second = GRPCSink()
        // An address of its own: on 127.0.0.1 another test's server may get the port in between.
        let host = "127.0.0.2"
        let (exporter, port) = try await first.serve(at: .ipv4(host: host, port: 0)) { port in
            let exporter = try OTLPGRPCExporter(configuration: configuration(host: host, port: port))
            #expect(try await exporter.export(batch) == .success)
            return (exporter, port)
        }
        await #expect(throws: SpanExportError.self) { _ = try await exporter.export(batch) }
        try await second.serve(at: .ipv4(host: host, port: port)) { _ in
            let results = [try await exporter.export(batch), try await exporter.export(batch)]
            #expect(results == [.success, .success])
        }
        #expect(first.received.count == 1)
        #expect(second.received.count == 2)
        await exporter.shutdown()
    }

    @Test("A cancelled export returns, while waiting for the receiver or for the next attempt", arguments: [true, false])
    func cancellation(whileCalling: Bool) async throws {
        let sink = GRPCSink(answers: [whileCalling ? .never : .error(RPCError(code: .unavailable, message: "busy"))])
        try await sink.serve { [batch] port in
            var configuration = configuration(port: port)
            configuration.retry = RetryPolicy(initialBackoff: .seconds(25))
            let exporter = try OTLPGRPCExporter(configuration: configuration)
            let task = Task { try await exporter.export(batch) }
            #expect(await eventually { sink.received.count == 1 })
            task.cancel()
            await #expect(throws: CancellationError.self) { _ = try await task.value }
            await exporter.shutdown()
        }
    }

    @Test("A shutdown ends a call under way")
    func shutdownDuringCall() async throws {
        let sink = GRPCSink(answers: [.never])
        try await sink.serve { [batch] port in
            let exporter = try OTLPGRPCExporter(configuration: configuration(port: port))
            let task = Task { try await exporter.export(batch) }
            #expect(await eventually { sink.received.count == 1 })
            await exporter.shutdown()
            let error = await #expect(throws: SpanExportError.self) { _ = try await task.value }
            #expect(error?.code == .shutDown)
        }
    }

    @Test("Many exports at once share one connection")
    func concurrent() async throws {
        let sink = GRPCSink()
        try await sink.serve { [batch] port in
            let exporter = try OTLPGRPCExporter(configuration: configuration(port: port))
            try await withThrowingTaskGroup(of: SpanExportResult.self) { group in
                for _ in 0..<50 { group.addTask { try await exporter.export(batch) } }
                for try await result in group { #expect(result == .success) }
            }
            await exporter.shutdown()
        }
        #expect(sink.received.count == 50)
        #expect(Set(sink.received.map(\.peer)).count == 1)
    }
}
