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
        case .otlpHTTP(let configuration), .batched(.otlpHTTP(let configuration), _): "otlp " + configuration.endpoint
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
        // It may be turned on while the server runs.
        #expect(endpoint(off) == "zipkin http://zipkin:9411/api/v2/spans")
    }

    @Test("OTEL_CONFIG_FILE turns tracing on, names the service, and wins over BENTOML_CONFIG")
    func declarativeFile() throws {
        let path = FileManager.default.temporaryDirectory.appending(path: "otel-\(UInt64.random(in: 0 ... .max)).yaml").path
        defer { try? FileManager.default.removeItem(atPath: path) }
        func write(_ text: String) throws { try text.write(toFile: path, atomically: false, encoding: .utf8) }
        let tracerProvider = """
            tracer_provider:
              processors: [{batch: {exporter: {otlp_http: {endpoint: "http://file:4318/v1/traces"}}}}]
              sampler: {parent_based: {root: {trace_id_ratio_based: {ratio: 0.5}}}}
            """
        try write("file_format: \"1.0\"\nresource: {attributes: [{name: service.name, value: from-file}]}\npropagator: {composite: [{b3: }]}\n" + tracerProvider)
        let environment = ["OTEL_CONFIG_FILE": path]
        let tracing = try tracing(byEnvironment: true, environment: environment)
        #expect(endpoint(tracing) == "otlp http://file:4318/v1/traces")
        #expect(tracing.settings.level == .timestamps)
        #expect(tracing.sampler?.description.contains("0.5") == true)
        #expect(tracing.configuration?.resource.serviceName == "from-file")
        #expect(tracing.propagator?.fields == ["b3"])
        let words = try self.tracing(words: ["rate=3", "opentelemetry,resource=service.name=word"], defaults: Self.ofUp, file: nil, environment: environment)
        #expect(words.settings.rate == 3)
        #expect(words.settings.bspScheduleDelay == 500)
        #expect(words.configuration?.resource.serviceName == "word")
        #expect(endpoint(words) == "otlp http://file:4318/v1/traces")
        try write("file_format: \"1.0\"\npropagator: {composite: [{tracecontext: }, {baggage: }]}\n" + tracerProvider)
        let unnamed = try self.tracing(file: nil, environment: environment)
        #expect(unnamed.configuration?.resource.serviceName == "needletail")
        #expect(unnamed.propagator == nil)
        try write("file_format: \"1.0\"\ndisabled: true\n" + tracerProvider)
        let disabled = try self.tracing(file: nil, environment: environment)
        #expect(disabled.settings.level == .off)
        #expect(try disabled.makeSystem(logger: Self.quiet)?.processors.isEmpty == true)
        try write("file_format: \"1.0\"\ntracer_provide: {}\n")
        #expect(throws: TracingConfigurationError.self) { try self.tracing(file: nil, environment: environment) }
    }

    @Test("OTEL_PROPAGATORS says what is read of callers", arguments: [true, false])
    func propagators(exports: Bool) throws {
        #expect(try tracing(file: nil, exports: exports).propagator == nil)
        let others = try tracing(file: nil, environment: ["OTEL_PROPAGATORS": "b3multi,jaeger"], exports: exports)
        #expect(others.propagator?.fields.contains("uber-trace-id") == true)
        #expect(others.propagator?.fields.contains("x-b3-traceid") == true)
    }

    @Test("Mode triton makes no exporter, and its file is checked at the start")
    func modeTriton() throws {
        let words = ["mode=triton", "level=TIMESTAMPS", "triton,file=/nowhere/at/all.json"]
        let tracing = try tracing(words: words, file: nil)
        #expect(tracing.configuration == nil)
        #expect(throws: TraceSettingsError.self) { try tracing.makeTracer(processor: nil, isOwn: true, logger: Self.quiet) }
        let (tracer, file) = try self.tracing(words: ["mode=triton"], file: nil).makeTracer(processor: nil, isOwn: true, logger: Self.quiet)
        #expect(file == nil)
        #expect(tracer?.settings.mode == .triton)
    }

    @Test("What the trace extension shows of the batches is what counts")
    func shownBatches() throws {
        let tracing = try tracing(words: ["opentelemetry,bsp_max_queue_size=4096"], file: nil, environment: ["OTEL_BSP_SCHEDULE_DELAY": "750"])
        #expect(tracing.settings.bspMaxQueueSize == 4096)
        #expect(tracing.settings.bspScheduleDelay == 750)
        #expect(tracing.settings.bspMaxExportBatchSize == 2048)
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
