import Instrumentation
import Logging
import NeedletailTracing
import ServiceContextModule
import ServiceLifecycle
import Testing
import TraceModel
import Tracing
import UnixSignals

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

// The samples of the documentation articles, word for word: they compile, and the test below says when one differs.

private struct Receipt: Sendable {}
private struct Token: Sendable {}
private struct CardError: Error {}
private struct Message: Sendable { var headers: [String: String] }

private func pay(_ item: String, count: Int) async throws -> Receipt { Receipt() }
private func charge(_ card: String) async throws { throw CardError() }
private func importEverything() async throws {}
private func handle(_ message: Message) async throws {}
private func split(_ text: String) -> [Token] { [Token()] }

private enum ServiceSamples {
    static func start(server: any Service, logger: Logger) async throws {
        let tracing = try NeedletailTracing.bootstrap(serviceName: "shop")
        try await ServiceGroup(services: [tracing, server], gracefulShutdownSignals: [.sigterm, .sigint], logger: logger).run()
    }

    static func run() async throws {
        let tracing = try NeedletailTracing.bootstrap(serviceName: "import")
        try await tracing.run {
            try await withSpan("import") { _ in try await importEverything() }
        }
    }

    func buy(_ item: String, count: Int) async throws -> Receipt {
        try await withSpan("buy") { span in
            span.attributes["item.id"] = item
            span.attributes["item.count"] = count
            let receipt = try await pay(item, count: count)
            span.addEvent("paid")
            return receipt
        }
    }

    static func errors(card: String) async throws {
        try await withSpan("charge") { span in
            do {
                try await charge(card)
            } catch let error as CardError {
                // The customer's mistake, not ours.
                span.recordError(error)
                span.attributes["card.refused"] = true
            }
        }
    }

    static func configure(key: String) throws -> TracingSystem {
        var configuration = TracingConfiguration(environment: ProcessEnvironment.current)
        configuration.sampler = ParentBasedSampler(root: TraceIDRatioSampler(ratio: 0.1))
        configuration.exporters = [.otlpGRPC(OTLPGRPCExporterConfiguration(endpoint: "https://collector:4317", headers: ["api-key": key]))]
        let system = try configuration.makeSystem()
        return system
    }

    static func bentoML() throws {
        let configuration = try TracingConfiguration(bentoMLFile: "bentoml_configuration.yaml", service: "classifier")
        let tracing = try NeedletailTracing.bootstrap(configuration)
        _ = tracing
    }
}

private struct HotPath {
    let tracer: NeedletailTracer

    func tokenize(_ text: String, parent: TraceContext?) -> [Token] {
        let span = tracer.startSpan("tokenize", parent: parent)
        defer { span.end() }
        let tokens = split(text)
        span.setAttribute("text.length", .int(Int64(text.utf8.count)))
        span.setAttribute("tokens", .int(Int64(tokens.count)))
        return tokens
    }
}

// MARK: Instrumenting a library

private struct Connection: Sendable {
    func send(_ command: String) async throws -> [UInt8] { [] }
}

private struct Queue: Sendable {
    func put(_ body: String, headers: [String: String]) async throws {}
}

private struct HeaderInjector: Injector {
    func inject(_ value: String, forKey key: String, into headers: inout [String: String]) { headers[key] = value }
}

private struct HeaderExtractor: Extractor {
    func extract(key: String, from headers: [String: String]) -> String? { headers[key] }
}

private struct LibrarySamples {
    let connection = Connection()
    let queue = Queue()

    public func fetch(_ key: String) async throws -> [UInt8] {
        try await withSpan("GET", ofKind: .client) { span in
            span.attributes["db.system.name"] = "redis"
            span.attributes["db.operation.name"] = "GET"
            return try await connection.send("GET \(key)")
        }
    }

    func send(_ body: String) async throws {
        try await withSpan("send", ofKind: .producer) { span in
            var headers: [String: String] = [:]
            InstrumentationSystem.instrument.inject(span.context, into: &headers, using: HeaderInjector())
            try await queue.put(body, headers: headers)
        }
    }

    func receive(_ message: Message) async throws {
        var context = ServiceContext.topLevel
        InstrumentationSystem.instrument.extract(message.headers, into: &context, using: HeaderExtractor())
        try await withSpan("receive", context: context, ofKind: .consumer) { _ in try await handle(message) }
    }

    static func test() async throws -> InMemorySpanExporter {
        let exporter = InMemorySpanExporter()
        var configuration = TracingConfiguration(resource: Resource(attributes: [Attribute("service.name", "test")]))
        configuration.exporters = [.custom(exporter)]
        let system = try configuration.makeSystem()
        system.tracer.startSpan("work", parent: nil).end()
        await system.shutdown()
        return exporter
    }
}

// MARK: Extending tracing

private final class Counter: Sendable {
    func increment(by count: Int) {}
}

private struct CountingExporter: SpanExporter {
    let counter: Counter

    func export(_ batch: SpanBatch) async throws -> SpanExportResult {
        counter.increment(by: batch.spanCount)
        return .success
    }

    func shutdown() async {}
}

private struct WithoutHealthChecks<Other: Sampler>: Sampler {
    let other: Other

    func sample(_ request: SamplingRequest) -> SamplingResult {
        request.name.hasSuffix("/healthz") ? .dropped : other.sample(request)
    }

    var description: String { "WithoutHealthChecks{\(other)}" }
}

private enum TenantKey: ServiceContextKey { typealias Value = String }

extension ServiceContext {
    fileprivate var tenant: String? {
        get { self[TenantKey.self] }
        set { self[TenantKey.self] = newValue }
    }
}

private struct TenantPropagator: TextMapPropagator {
    let fields = ["x-tenant"]

    func extract<Carrier, Extract: Extractor>(_ carrier: Carrier, into context: inout ServiceContext, using extractor: Extract)
    where Extract.Carrier == Carrier {
        if let tenant = extractor.extract(key: "x-tenant", from: carrier), !tenant.isEmpty { context.tenant = tenant }
    }

    func inject<Carrier, Inject: Injector>(_ context: ServiceContext, into carrier: inout Carrier, using injector: Inject)
    where Inject.Carrier == Carrier {
        if let tenant = context.tenant { injector.inject(tenant, forKey: "x-tenant", into: &carrier) }
    }
}

private struct RegionDetector: ResourceDetector {
    let name = "region"

    func detect() -> [Attribute] {
        ProcessEnvironment.current["REGION"].map { [Attribute("cloud.region", .string($0))] } ?? []
    }
}

private enum ExtensionSamples {
    static func exporter(counter: Counter) -> TracingConfiguration {
        var configuration = TracingConfiguration(environment: ProcessEnvironment.current)
        configuration.exporters.append(.custom(CountingExporter(counter: counter)))
        configuration.propagators.append(TenantPropagator())
        return configuration
    }

    static func detector() throws {
        let tracing = try NeedletailTracing.bootstrap(serviceName: "shop", attributes: RegionDetector().detect())
        _ = tracing
    }
}

// MARK: The articles

@Suite("Documentation")
struct DocumentationSampleTests {
    @Test("Every sample of the articles is one that compiles")
    func samples() throws {
        let here = #filePath
        let root = here.split(separator: "/").dropLast(3).map { "/" + $0 }.joined()
        let catalogue = root + "/Sources/NeedletailTracing/Documentation.docc"
        let compiled = Self.lines(try String(contentsOfFile: here, encoding: .utf8)).joined(separator: "\n")
        var count = 0
        for name in try FileManager.default.contentsOfDirectory(atPath: catalogue) where name.hasSuffix(".md") {
            let article = try String(contentsOfFile: catalogue + "/" + name, encoding: .utf8)
            for block in article.components(between: "```swift\n", and: "\n```") {
                count += 1
                #expect(compiled.contains(Self.lines(block).joined(separator: "\n")), "\(name):\n\(block)")
            }
        }
        #expect(count >= 15)
    }

    /// Without indentation and `private`.
    private static func lines(_ text: String) -> [Substring] {
        text.split(separator: "\n", omittingEmptySubsequences: true).map { line in
            let content = line.drop { $0 == " " }
            return content.hasPrefix("private ") ? content.dropFirst("private ".count) : content
        }
    }

    @Test("What the samples make works")
    func behaviour() async throws {
        let exporter = try await LibrarySamples.test()
        #expect(exporter.spans.map(\.name) == ["work"])
        let sampler = WithoutHealthChecks(other: AlwaysOnSampler())
        let id = IDGenerator.traceID()
        #expect(!sampler.sample(SamplingRequest(parent: nil, traceID: id, name: "GET /healthz", kind: .server)).isSampled)
        #expect(sampler.sample(SamplingRequest(parent: nil, traceID: id, name: "GET /", kind: .server)).isSampled)
        var context = ServiceContext.topLevel
        TenantPropagator().extract(["x-tenant": "a"], into: &context, using: HeaderExtractor())
        var headers: [String: String] = [:]
        TenantPropagator().inject(context, into: &headers, using: HeaderInjector())
        #expect(headers == ["x-tenant": "a"])
    }
}

extension String {
    fileprivate func components(between start: String, and end: String) -> [String] {
        split(separator: start, omittingEmptySubsequences: false).dropFirst().compactMap { part in
            part.firstRange(of: end).map { String(part[..<$0.lowerBound]) }
        }
    }
}
