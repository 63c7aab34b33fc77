import NeedletailTracing
import Synchronization
import Testing
import TraceModel

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

@Suite("BentoML's configuration file")
struct BentoMLFileTests {
    private static let block = "exporter_type: otlp, sample_rate: 0.5, otlp: {endpoint: 'http://c:4317'}"

    @Test(
        "The block is found in every place that a release or a guide of BentoML has it, with any version key or none",
        arguments: [
            "tracing: {BLOCK}", "api_server: {port: 3000, tracing: {BLOCK}}", "services: {tracing: {BLOCK}}", "services: {iris: {tracing: {BLOCK}, workers: 2}}",
            "version: 1\ntracing: {BLOCK}", "version: 2\nservices: {tracing: {BLOCK}}", "tracing: {BLOCK}\napi_server: {tracing: {BLOCK}}",
            "tracing: {BLOCK}\nservices: {tracing: {type: OTLP, sample_rate: '0.5', otlp: {url: 'http://c:4317'}}}",
            "tracing: {BLOCK}\napi_server: {tracing: {exporter_type: null, sample_rate: null}}",
            "runners: {r: {traffic: {timeout: x}}}\nlogging: nonsense\napi_server: [1]\ntracing: {BLOCK}",
        ]
    )
    func places(text: String) throws {
        let file = try BentoMLReading(text.replacing("BLOCK", with: Self.block))
        #expect(file.otlpGRPC?.endpoint == "http://c:4317")
        #expect(file.rate == 0.5)
    }

    @Test("Two blocks that differ are a mistake with both lines")
    func contradiction() {
        #expect(
            BentoMLReading.mistakes("tracing:\n  sample_rate: 1.0\napi_server:\n  tracing:\n    sample_rate: 0.5\n") == [
                "f.yml:4: api_server.tracing: says something else than tracing in line 1; expected one of the two"
            ]
        )
    }

    @Test("A service's block counts on top of that of all services")
    func services() throws {
        let text = """
            services:
              tracing:
                exporter_type: otlp
                sample_rate: 0.1
                otlp: {endpoint: 'http://all:4317'}
              iris:
                tracing: {sample_rate: 1.0}
              other:
                tracing: {sample_rate: 0.9}
            """
        let iris = try BentoMLReading(text, service: "iris")
        #expect(iris.rate == 1)
        #expect(iris.otlpGRPC?.endpoint == "http://all:4317")
        #expect(try BentoMLReading(text, environment: ["OTEL_SERVICE_NAME": "other"]).rate == 0.9)
        let all = try BentoMLReading(text)
        #expect(all.rate == 0.1)
        #expect(all.log.contains { $0.contains("f.yml:7: services.iris.tracing is not used: no service was chosen") })
        #expect(try BentoMLReading(text, service: "third").rate == 0.1)
    }

    @Test("Where services differ and none is chosen, or one that is not there, the mistake says how to choose")
    func choosing() throws {
        let text = "services:\n  a: {tracing: {exporter_type: otlp, sample_rate: 1.0}}\n  b: {tracing: {exporter_type: otlp, sample_rate: 0.5}}\n"
        #expect(
            BentoMLReading.mistakes(text) == [
                "f.yml:3: services.b.tracing: says something else than services.a.tracing in line 2; choose a service, for instance by OTEL_SERVICE_NAME"
            ]
        )
        #expect(try BentoMLReading(text, service: "b").rate == 0.5)
        #expect(BentoMLReading.mistakes(text, service: "c").first?.contains("is not for service c") == true)
    }

    @Test("A misspelt block is a mistake that names what was meant", arguments: ["traceing", "Tracing", "tracng", "tracing_"])
    func misspelt(name: String) {
        #expect(BentoMLReading.mistakes("version: 1\n\(name): {type: otlp}\n") == ["f.yml:2: \(name): unknown key; did you mean \"tracing\"?"])
        #expect(BentoMLReading.mistakes("api_server:\n  \(name):\n    sample_rate: 1\n") == ["f.yml:2: api_server.\(name): unknown key; did you mean \"tracing\"?"])
    }

    @Test("Other people's keys are left alone", arguments: ["training: {epochs: 3}", "trading: [1]", "racing: fast"])
    func otherKeys(text: String) throws {
        #expect(try BentoMLReading("\(text)\ntracing: {\(Self.block)}").rate == 0.5)
    }

    @Test("A file without a block is refused with the places where it may be", arguments: ["", "# nothing\n", "api_server: {port: 3000}"])
    func noBlock(text: String) {
        let mistakes = BentoMLReading.mistakes(text)
        #expect(mistakes.count == 1)
        #expect(mistakes.first?.hasPrefix("f.yml:1: has no tracing block; expected tracing:, api_server.tracing:") == true)
    }

    // MARK: Sampling

    @Test(
        "sample_rate is a number from 0 to 1, whole or not, in quotes or not",
        arguments: [("1", 1.0), ("1.0", 1.0), ("0.5", 0.5), ("\"0.5\"", 0.5), ("0", 0.0), ("0.0", 0.0), ("1e-1", 0.1), (".5", 0.5)]
    )
    func rates(text: String, rate: Double) throws {
        let file = try BentoMLReading("tracing: {exporter_type: otlp, sample_rate: \(text)}")
        #expect(file.rate == rate)
        #expect(file.log.isEmpty)
    }

    @Test("Without sample_rate nothing that begins here is sampled, as in BentoML, and it is said; the environment's sampler has a say")
    func noRate() throws {
        for text in ["tracing: {exporter_type: otlp}", "tracing: {exporter_type: otlp, sample_rate: null}"] {
            let file = try BentoMLReading(text)
            #expect(file.rate == 0)
            #expect(file.log.map { String($0.prefix(70)) } == ["f.yml:1: tracing.sample_rate is not set, so nothing is exported but wh"])
        }
        let environment = ["OTEL_TRACES_SAMPLER": "always_on"]
        #expect(try BentoMLReading("tracing: {exporter_type: otlp}", environment: environment).configuration.sampler is AlwaysOnSampler)
        #expect(try BentoMLReading("tracing: {exporter_type: otlp, sample_rate: 0.0}", environment: environment).rate == 0)
    }

    @Test("A caller's decision is kept at any rate")
    func parents() throws {
        for rate in [0.0, 1.0] {
            let sampler = try BentoMLReading("tracing: {exporter_type: otlp, sample_rate: \(rate)}").configuration.sampler
            for isSampled in [true, false] {
                let parent = TraceContext(traceID: IDGenerator.traceID(), spanID: IDGenerator.spanID(), flags: isSampled ? .sampled : [], isRemote: true)
                let request = SamplingRequest(parent: parent, traceID: parent.traceID, name: "s", kind: .server)
                #expect(sampler.sample(request).isSampled == isSampled)
            }
        }
    }

    // MARK: Excluded URLs

    @Test(
        "excluded_urls is a comma list or a list",
        arguments: ["readyz,livez, docs", "[readyz, livez, docs]", "\n    - readyz\n    - livez\n    - ' docs '"]
    )
    func excludedURLs(text: String) throws {
        let urls = try BentoMLReading("tracing:\n  exporter_type: otlp\n  sample_rate: 1\n  excluded_urls: \(text)\n").configuration.excludedURLs
        #expect(urls.patterns == ["readyz", "livez", "docs"])
        #expect(urls.contains("http://h/docs.json"))
        #expect(!urls.contains("http://h/predict"))
    }

    @Test("Without excluded_urls nothing is excluded", arguments: ["null", "\"\"", "[]", "'${UNSET}'"])
    func nothingExcluded(text: String) throws {
        #expect(try BentoMLReading("tracing: {exporter_type: otlp, sample_rate: 1, excluded_urls: \(text)}").configuration.excludedURLs.isEmpty)
    }

    // MARK: From the file system

    /// A file that is gone after the body.
    private func withFile(_ name: String, _ text: String, _ body: (String) throws -> Void) throws {
        let path = FileManager.default.temporaryDirectory.appending(path: "\(UInt64.random(in: 0 ... .max))-\(name)").path
        try text.write(toFile: path, atomically: false, encoding: .utf8)
        defer { try? FileManager.default.removeItem(atPath: path) }
        try body(path)
    }

    @Test("A file is read by its path, and messages name it")
    func path() throws {
        try withFile("a.yaml", "tracing: {\(Self.block)}") { path in
            let configuration = try TracingConfiguration(bentoMLFile: path, environment: [:])
            #expect(configuration.exporters.count == 1)
            #expect(try TracingConfiguration.load(environment: ["BENTOML_CONFIG": path]).sampler.description == configuration.sampler.description)
        }
        try withFile("b.yml", "tracing: {sampel_rate: 1}") { path in
            let error = #expect(throws: TracingConfigurationError.self) { try TracingConfiguration.load(environment: ["BENTOML_CONFIG": path]) }
            #expect(error?.message.hasPrefix("\(path):1: tracing.sampel_rate: unknown key") == true)
        }
    }

    @Test("Without BENTOML_CONFIG, or when its file says nothing of tracing, the environment counts")
    func loadWithoutFile() throws {
        let log = LogRecorder()
        #expect(try TracingConfiguration.load(environment: ["OTEL_TRACES_SAMPLER": "always_off"], logger: log.logger).sampler is AlwaysOffSampler)
        try withFile("c.yml", "api_server: {port: 3000}") { path in
            let environment = ["BENTOML_CONFIG": path, "OTEL_TRACES_SAMPLER": "always_off"]
            let sampler = try TracingConfiguration.load(environment: environment, logger: log.logger).sampler
            #expect(sampler is AlwaysOffSampler)
        }
    }

    @Test("What is not read of BentoML's variables is said", arguments: ["BENTOML_CONFIG_OVERRIDES", "BENTOML_CONFIG_OPTIONS"])
    func unreadVariables(name: String) throws {
        let file = try BentoMLReading("tracing: {\(Self.block)}", environment: [name: "tracing.sample_rate=1.0"])
        #expect(file.log == ["\(name) is not read; write what it says of tracing into the file (f.yml:1: tracing). [:]"])
        #expect(try BentoMLReading("tracing: {\(Self.block)}", environment: [name: "api_server.port=1"]).log.isEmpty)
    }

    @Test("A name of another kind and a file that is not there are told from each other")
    func badPaths() {
        func message(_ environment: [String: String]) -> String? {
            let error = #expect(throws: TracingConfigurationError.self) { try TracingConfiguration.load(environment: environment) }
            return error?.message
        }
        #expect(message(["BENTOML_CONFIG": "/x/config.json"]) == "BENTOML_CONFIG=/x/config.json: is no name of a YAML file; expected one that ends in .yml or .yaml")
        #expect(message(["BENTOML_CONFIG": "/x/config.yml"]) == "/x/config.yml: there is no such file; check the path")
    }
}
