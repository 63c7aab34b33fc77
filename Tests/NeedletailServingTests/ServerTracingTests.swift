import Inference
import Logging
import NeedletailTracing
import Testing
import TraceModel

@testable import NeedletailServing

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// Words, a BentoML file and the environment together.
@Suite struct ServerTracingTests {
    private static let quiet = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
    private static let file = """
        tracing:
          exporter_type: zipkin
          sample_rate: 0.25
          excluded_urls: readyz,docs
          zipkin: {endpoint: http://zipkin:9411/api/v2/spans}
        """

    /// - Parameter byEnvironment: `BENTOML_CONFIG` names the file, not the setting.
    private func tracing(
        words: [String] = [],
        defaults: [String] = [],
        file: String? = Self.file,
        byEnvironment: Bool = false,
        environment: [String: String] = [:],
        exports: Bool = true
    ) throws -> ServerTracing {
        var options = ServerConfiguration.Tracing(traceConfig: words)
        options.defaultWords = defaults
        var environment = environment
        let path = FileManager.default.temporaryDirectory.appending(path: "serving-\(UInt64.random(in: 0 ... .max)).yml").path
        defer { try? FileManager.default.removeItem(atPath: path) }
        if let file {
            try file.write(toFile: path, atomically: false, encoding: .utf8)
            if byEnvironment { environment["BENTOML_CONFIG"] = path } else { options.file = path }
        }
        return try ServerTracing(options, exports: exports, environment: environment, logger: Self.quiet)
    }

    private func endpoint(_ tracing: ServerTracing) -> String? {
        switch tracing.configuration?.exporters.first {
        case .zipkin(let configuration): "zipkin " + configuration.endpoint
        case .otlpHTTP(let configuration): "otlp " + configuration.endpoint
        default: nil
        }
    }

    /// As `needletail up` has them.
    private static let ofUp = ["level=TIMESTAMPS", "rate=1", "mode=opentelemetry", "opentelemetry,url=http://own:4318/v1/traces", "opentelemetry,bsp_schedule_delay=500"]

    @Test("A file turns tracing on and says where to, which share and what not", arguments: [false, true])
    func fileAlone(byEnvironment: Bool) throws {
        let tracing = try tracing(byEnvironment: byEnvironment)
        #expect(tracing.settings.level == .timestamps)
        #expect(tracing.settings.rate == 1)
        #expect(tracing.sampler?.description.contains("0.25") == true)
        #expect(tracing.excludedURLs.patterns == ["readyz", "docs"])
        #expect(endpoint(tracing) == "zipkin http://zipkin:9411/api/v2/spans")
        #expect(tracing.configuration?.resource.serviceName == "needletail")
    }

    @Test("The file wins over what the program says by itself, but for what it says nothing of")
    func defaultsLose() throws {
        let withFile = try tracing(defaults: Self.ofUp)
        #expect(endpoint(withFile) == "zipkin http://zipkin:9411/api/v2/spans")
        #expect(withFile.sampler != nil)
        #expect(withFile.configuration?.batch.scheduleDelay == .milliseconds(500))
        let without = try tracing(defaults: Self.ofUp, file: nil)
        #expect(endpoint(without) == "otlp http://own:4318/v1/traces")
        #expect(without.sampler == nil)
        #expect(without.settings.rate == 1)
    }

    @Test("Words win over the file")
    func wordsWin() throws {
        let tracing = try tracing(
            words: ["rate=7", "count=3", "opentelemetry,url=http://word:4318/v1/traces", "opentelemetry,resource=service.name=word"], defaults: Self.ofUp
        )
        #expect(endpoint(tracing) == "otlp http://word:4318/v1/traces")
        #expect(tracing.sampler == nil)
        #expect(tracing.settings.rate == 7)
        #expect(tracing.settings.count == 3)
        #expect(tracing.configuration?.resource.serviceName == "word")
        #expect(tracing.excludedURLs.patterns == ["readyz", "docs"])
        let off = try self.tracing(words: ["level=OFF"], defaults: Self.ofUp)
        #expect(off.settings.level == .off)
        #expect(off.configuration == nil)
    }

    @Test("The setting wins over BENTOML_CONFIG, and a file of BENTOML_CONFIG without tracing changes nothing")
    func settingWins() throws {
        let environment = ["BENTOML_CONFIG": "/nowhere/else.yml"]
        #expect(endpoint(try tracing(environment: environment)) == "zipkin http://zipkin:9411/api/v2/spans")
        #expect(throws: TracingConfigurationError.self) { try tracing(file: nil, environment: environment) }
        let other = try tracing(defaults: Self.ofUp, file: "api_server: {port: 3000}", byEnvironment: true)
        #expect(endpoint(other) == "otlp http://own:4318/v1/traces")
        #expect(throws: TracingConfigurationError.self) { try tracing(file: "api_server: {port: 3000}") }
    }

    @Test("A wrong file stops the start, also when nothing would be traced")
    func mistakes() {
        let error = #expect(throws: TracingConfigurationError.self) { try tracing(words: ["level=OFF"], file: "tracing: {sampel_rate: 1}") }
        #expect(error?.message.contains(":1: tracing.sampel_rate: unknown key") == true)
    }

    @Test("With a processor of the caller's a named file says which requests, not where to")
    func ownProcessor() throws {
        let tracing = try tracing(exports: false)
        #expect(tracing.configuration == nil)
        #expect(tracing.sampler != nil)
        #expect(tracing.excludedURLs.patterns.count == 2)
        #expect(try self.tracing(byEnvironment: true, exports: false).sampler == nil)
    }
}
