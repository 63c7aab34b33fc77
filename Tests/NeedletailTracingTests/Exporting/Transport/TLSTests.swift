import GRPCCore
import GRPCNIOTransportHTTP2Posix
import NIOSSL
import NeedletailTracing
import Testing
import TraceModel
import TraceWire

@Suite("TLS of the exporters", .timeLimit(.minutes(20)))
struct TLSTests {
    /// The same spans go over both protocols.
    enum Wire: CaseIterable, Sendable {
        case http
        case grpc
    }

    private static let batch = TraceModel.SpanBatch(resource: Resource(), scope: testScope, spans: [finishedSpan("one")])
    private static let once = RetryPolicy(maximumAttempts: 1)

    private static func exporter(
        _ wire: Wire, _ endpoint: String, _ tls: TLSClientConfiguration
    ) throws(TracingConfigurationError) -> any SpanExporter {
        switch wire {
        case .http: try OTLPHTTPExporter(configuration: OTLPHTTPExporterConfiguration(endpoint: endpoint, tls: tls, timeout: .seconds(300), retry: once))
        case .grpc: try OTLPGRPCExporter(configuration: OTLPGRPCExporterConfiguration(endpoint: endpoint, tls: tls, timeout: .seconds(300), retry: once))
        }
    }

    /// Exports to a receiver with the test server's certificate; with `asksForClient` it wants one of the authority's from the sender.
    private static func export(
        _ wire: Wire,
        to host: String = "localhost",
        scheme: String = "https://",
        tls: TLSClientConfiguration,
        asksForClient: Bool = false
    ) async throws -> (result: Result<SpanExportResult, SpanExportError>, received: [[UInt8]]) {
        @Sendable func run(_ port: Int) async throws -> Result<SpanExportResult, SpanExportError> {
            let exporter = try exporter(wire, "\(scheme)\(host):\(port)/", tls)
            defer { Task { await exporter.shutdown() } }
            do {
                return .success(try await exporter.export(batch))
            } catch let error as SpanExportError {
                return .failure(error)
            }
        }
        switch wire {
        case .http:
            var configuration = TLSConfiguration.makeServerConfiguration(
                certificateChain: try NIOSSLCertificate.fromPEMBytes(Array(TestCertificate.server.utf8)).map { .certificate($0) },
                privateKey: .privateKey(try NIOSSLPrivateKey(bytes: Array(TestCertificate.serverKey.utf8), format: .pem))
            )
            if asksForClient {
                configuration.certificateVerification = .noHostnameVerification
                configuration.trustRoots = .certificates(try NIOSSLCertificate.fromPEMBytes(Array(TestCertificate.authority.utf8)))
            }
            let sink = HTTPSink()
            let result = try await sink.serve(host: host == "[::1]" ? "::1" : "127.0.0.1", tls: configuration) { try await run($0) }
            return (result, sink.received)
        case .grpc:
            let security = HTTP2ServerTransport.Posix.TransportSecurity.tls(
                certificateChain: [.bytes(Array(TestCertificate.server.utf8), format: .pem)],
                privateKey: .bytes(Array(TestCertificate.serverKey.utf8), format: .pem)
            ) { configuration in
                if asksForClient {
                    configuration.clientCertificateVerification = .noHostnameVerification
                    configuration.trustRoots = .certificates([.bytes(Array(TestCertificate.authority.utf8), format: .pem)])
                }
            }
            let sink = GRPCSink()
            let result = try await sink.serve(
                at: host == "[::1]" ? .ipv6(host: "::1", port: 0) : .ipv4(host: "127.0.0.1", port: 0), security: security, run
            )
            return (result, sink.received.map(\.message))
        }
    }

    /// Calls the body with the paths of files that hold the texts.
    private func withFiles(_ texts: [String], _ body: ([String]) async throws -> Void) async throws {
        let folder = TemporaryFolder()
        for (index, text) in texts.enumerated() { folder.store(text, to: "\(index).pem") }
        try await body(texts.indices.map { "\(folder.path)/\($0).pem" })
        withExtendedLifetime(folder) {}
    }

    private static func failure(_ result: Result<SpanExportResult, SpanExportError>) -> SpanExportError? {
        if case .failure(let error) = result { error } else { nil }
    }

    @Test("Spans arrive at a receiver of a trusted authority", arguments: Wire.allCases, ["localhost", "127.0.0.1", "[::1]"])
    func trusted(wire: Wire, host: String) async throws {
        try await withFiles([TestCertificate.authority]) { files in
            let tls = TLSClientConfiguration(certificateFile: files[0])
            let (result, received) = try await Self.export(wire, to: host, tls: tls)
            #expect(try result.get() == .success)
            #expect(try received.map { try OTLPProtobuf.decode($0).batch } == [Self.batch])
        }
    }

    @Test("A receiver of another authority is not spoken to, and the setting is named", arguments: Wire.allCases)
    func untrusted(wire: Wire) async throws {
        try await withFiles([TestCertificate.otherAuthority]) { files in
            for tls in [TLSClientConfiguration(certificateFile: files[0]), TLSClientConfiguration()] {
                let (result, received) = try await Self.export(wire, tls: tls)
                let error = try #require(Self.failure(result))
                #expect(error.code == .unavailable)
                #expect(error.message.contains("OTEL_EXPORTER_OTLP_CERTIFICATE") && error.message.contains("authority"), "\(error)")
                #expect(received.isEmpty)
            }
        }
    }

    @Test("A client certificate opens a receiver that asks for one", arguments: Wire.allCases)
    func mutual(wire: Wire) async throws {
        try await withFiles([TestCertificate.authority, TestCertificate.client, TestCertificate.clientKey]) { files in
            var tls = TLSClientConfiguration(certificateFile: files[0])
            let (refusal, _) = try await Self.export(wire, tls: tls, asksForClient: true)
            let error = try #require(Self.failure(refusal))
            #expect(error.message.contains("OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE"), "\(error)")
            tls.clientCertificateFile = files[1]
            tls.clientKeyFile = files[2]
            let (result, received) = try await Self.export(wire, tls: tls, asksForClient: true)
            #expect(try result.get() == .success)
            #expect(received.count == 1)
        }
    }

    @Test("https to a receiver without TLS says so", arguments: Wire.allCases)
    func noTLS(wire: Wire) async throws {
        @Sendable func export(_ port: Int) async throws -> SpanExportError? {
            let exporter = try Self.exporter(wire, "https://127.0.0.1:\(port)", TLSClientConfiguration())
            let error = await #expect(throws: SpanExportError.self) { _ = try await exporter.export(Self.batch) }
            await exporter.shutdown()
            return error
        }
        let error =
            switch wire {
            case .http: try await HTTPSink().serve { try await export($0) }
            case .grpc: try await GRPCSink().serve { try await export($0) }
            }
        #expect(error?.message.contains("speak TLS") == true, "\(String(describing: error))")
        #expect(error?.message.contains("http://") == true)
    }

    @Test("Files that cannot be used are named with their setting", arguments: Wire.allCases)
    func badFiles(wire: Wire) async throws {
        try await withFiles(["no certificate", TestCertificate.client, TestCertificate.serverKey]) { files in
            let missing = files[0] + ".missing"
            let cases: [(TLSClientConfiguration, [String])] = [
                (TLSClientConfiguration(certificateFile: missing), [missing, "OTEL_EXPORTER_OTLP_CERTIFICATE", "there is no such file; check the path"]),
                (TLSClientConfiguration(certificateFile: "/"), ["OTEL_EXPORTER_OTLP_CERTIFICATE", "is a directory; expected a file"]),
                (TLSClientConfiguration(certificateFile: files[0]), [files[0], "OTEL_EXPORTER_OTLP_CERTIFICATE", "BEGIN CERTIFICATE"]),
                (TLSClientConfiguration(clientKeyFile: files[2]), [files[2], "OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE"]),
                (TLSClientConfiguration(clientCertificateFile: files[1]), [files[1], "OTEL_EXPORTER_OTLP_CLIENT_KEY"]),
                (
                    TLSClientConfiguration(clientCertificateFile: files[1], clientKeyFile: files[0]),
                    [files[0], "OTEL_EXPORTER_OTLP_CLIENT_KEY", "BEGIN PRIVATE KEY"]
                ),
                (
                    TLSClientConfiguration(clientCertificateFile: files[1], clientKeyFile: files[2]),
                    [files[1], files[2], "does not belong"]
                ),
            ]
            for (tls, words) in cases {
                let error = #expect(throws: TracingConfigurationError.self) { _ = try Self.exporter(wire, "https://localhost:1", tls) }
                #expect(error?.code == .invalidTLS)
                for word in words { #expect(error?.message.contains(word) == true, "\(word) in \(String(describing: error))") }
            }
        }
    }
}
