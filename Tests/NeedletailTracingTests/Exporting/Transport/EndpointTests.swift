@testable import NeedletailTracing
import Testing

@Suite("Endpoints of the exporters")
struct EndpointTests {
    private func grpc(_ text: String, isInsecure: Bool = false) throws(TracingConfigurationError) -> GRPCEndpoint {
        try GRPCEndpoint(text, isInsecure: isInsecure, defaultPort: 4317, names: .otlpGRPC)
    }

    @Test("The scheme decides about TLS, and without one the setting", arguments: [
        ("http://host:1", false, false), ("http://host:1", true, false), ("https://host:1", true, true), ("HTTPS://host:1/", false, true),
        ("host:1", false, true), ("host:1", true, false), ("grpc://host:1", false, true), ("grpc://host:1", true, false),
        ("dns:host:1", true, false), ("dns:///host:1", false, true),
    ])
    func security(text: String, isInsecure: Bool, usesTLS: Bool) throws {
        let endpoint = try grpc(text, isInsecure: isInsecure)
        #expect(endpoint.usesTLS == usesTLS)
        #expect(endpoint.target == .dns(host: "host", port: 1))
    }

    @Test("Hosts, addresses and default ports", arguments: [
        ("https://host", .dns(host: "host", port: 443)), ("http://host", .dns(host: "host", port: 80)),
        ("host", .dns(host: "host", port: 4317)), ("grpc://host", .dns(host: "host", port: 4317)), ("dns:host", .dns(host: "host", port: 4317)),
        ("http://10.0.0.1:9", .ipv4(address: "10.0.0.1", port: 9)), ("ipv4:10.0.0.1:9", .ipv4(address: "10.0.0.1", port: 9)),
        ("http://[::1]:9", .ipv6(address: "::1", port: 9)), ("[::1]", .ipv6(address: "::1", port: 4317)),
        ("ipv6:[fe80::1]:9", .ipv6(address: "fe80::1", port: 9)), ("unix:/run/otel.sock", .unix(path: "/run/otel.sock")),
        ("unix:///run/otel.sock", .unix(path: "/run/otel.sock")), ("unix:otel.sock", .unix(path: "otel.sock")),
    ] as [(String, GRPCEndpoint.Target)])
    func targets(text: String, target: GRPCEndpoint.Target) throws {
        #expect(try grpc(text).target == target)
    }

    @Test("What gRPC cannot use is told with an example", arguments: [
        ("", "empty"), ("http://", "no host"), ("ftp://host", "ftp"), ("http://host:4318/v1/traces", "path"), ("http://host:0", "port"),
        ("::1:4317", "brackets"), ("dns://8.8.8.8/host", "name server"), ("unix:", "path"), ("ho st:1", "blanks"), ("http://host#x", "#"),
    ])
    func badTargets(text: String, word: String) {
        let error = #expect(throws: TracingConfigurationError.self) { _ = try grpc(text) }
        #expect(error?.code == .invalidEndpoint)
        #expect(error?.message.contains(word) == true && error?.message.contains("http://localhost:4317") == true, "\(String(describing: error))")
    }

    @Test("URLs keep their path; the default scheme is http", arguments: [
        ("host:1/v1/traces", "http://host:1/v1/traces"), ("https://host", "https://host/"), ("http://[::1]:1/x?y=z", "http://[::1]:1/x?y=z"),
        ("host?key=1", "http://host/?key=1"),
    ])
    func urls(text: String, url: String) throws {
        #expect(try HTTPEndpoint(text, names: .otlpHTTP).url == url)
    }

    @Test("A password in an endpoint is refused and not repeated")
    func userInformation() {
        for names in [ExporterNames.otlpHTTP, .jaegerHTTP, .zipkin] {
            let error = #expect(throws: TracingConfigurationError.self) { _ = try HTTPEndpoint("https://me:secret@host/x", names: names) }
            #expect(error?.message.contains(names.credentials) == true)
            #expect(error?.message.contains("secret") == false)
        }
        let error = #expect(throws: TracingConfigurationError.self) { _ = try grpc("https://me:secret@host") }
        #expect(error?.message.contains("secret") == false)
    }

    @Test("Headers that gRPC cannot send are named without their value", arguments: [
        "grpc-timeout", "Content-Type", "te", "a!b", "x-bin", "line", "umlaut",
    ])
    func metadata(name: String) {
        let value = name == "line" ? "secret\n" : name == "umlaut" ? "secreté" : "secret?"
        let error = #expect(throws: TracingConfigurationError.self) { _ = try GRPCMetadata.checked([name: value], names: .otlpGRPC) }
        #expect(error?.code == .invalidHeader)
        #expect(error?.message.contains(name) == true && error?.message.contains("secret") == false)
    }

    @Test("zstd is no compression of gRPC")
    func compression() {
        let error = #expect(throws: TracingConfigurationError.self) {
            _ = try OTLPGRPCExporter(configuration: OTLPGRPCExporterConfiguration(compression: .zstd))
        }
        #expect(error?.code == .invalidCompression)
    }
}
