internal import AsyncHTTPClient
public import Logging
internal import NIOCore
internal import NIOHTTP1
public import ServiceLifecycle
internal import Synchronization

/// Samples as a Jaeger back end says, which is asked again and again (OpenTelemetry specification, "JaegerRemoteSampler").
///
/// Use it as the root of a ``ParentBasedSampler``. It polls while it runs: a ``TracingSystem`` runs the one of its configuration,
/// others belong into a `ServiceGroup`. While no answer can be used the last strategy stays, and one warning says so.
public final class JaegerRemoteSampler: Sampler, Service {
    private struct State {
        var strategy: JaegerSamplingStrategy?
        var sampler: any Sampler
        var isFailing = false
    }

    /// Bytes of an answer.
    private static let maximumAnswerSize = 4 * 1024 * 1024

    public let configuration: JaegerRemoteSamplerConfiguration
    private let url: String
    private let logger: Logger
    private let connection: HTTPExportConnection
    private let state: Mutex<State>

    /// - Throws: ``TracingConfigurationError`` `.invalidEndpoint` or `.invalidTLS`.
    public init(_ configuration: JaegerRemoteSamplerConfiguration, logger: Logger = Logger(label: "needletail.tracing")) throws(TracingConfigurationError) {
        self.configuration = configuration
        let endpoint = try HTTPEndpoint(configuration.endpoint, names: .jaegerSampling).url
        let service = PercentEncoding.encoded(configuration.serviceName) { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"),
                UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "~"):
                true
            default: false
            }
        }
        // Only "scheme://authority/" has three slashes and ends with one.
        let hasPath = endpoint.count { $0 == "/" } > 3 || !endpoint.hasSuffix("/")
        url = "\(endpoint)\(hasPath ? "" : "sampling")?service=\(service)"
        self.logger = logger
        let tls = try TLSMaterial(configuration.tls, names: .jaegerSampling)
        connection = HTTPExportConnection(timeout: configuration.timeout.asExportTimeout, tls: tls.configuration)
        state = Mutex(State(sampler: TraceIDRatioSampler(ratio: configuration.initialSamplingRate)))
    }

    public func sample(_ request: SamplingRequest) -> SamplingResult {
        state.withLock { $0.sampler }.sample(request)
    }

    public var description: String { "JaegerRemoteSampler{\(state.withLock { $0.sampler })}" }

    /// Asks for strategies until graceful shutdown or cancellation.
    public func run() async throws {
        await cancelWhenGracefulShutdown { await self.poll() }
    }

    /// Asks at once and then at each interval, until cancelled.
    func poll() async {
        repeat { await update() } while (try? await Task.sleep(for: max(configuration.pollingInterval, .milliseconds(100)))) != nil
        await connection.shutdown()
    }

    /// Asks once.
    func update() async {
        do {
            let strategy = try JaegerSamplingStrategy(json: try await fetch())
            let recovered = state.withLock { state in
                defer { state.isFailing = false }
                // An unchanged strategy keeps its counters.
                if state.strategy != strategy { (state.strategy, state.sampler) = (strategy, strategy.makeSampler()) }
                return state.isFailing
            }
            if recovered { logger.info("The sampling strategy for \(configuration.serviceName) is received again from \(url).") }
        } catch {
            guard !Task.isCancelled else { return }
            let isFirst = state.withLock { state in
                defer { state.isFailing = true }
                return !state.isFailing
            }
            guard isFirst else { return }
            let kept = "\(state.withLock { $0.sampler })"
            logger.warning(
                "No sampling strategy for \(configuration.serviceName) from \(url): \(error). Until there is one \(kept) is used; does a Jaeger agent or collector listen there?"
            )
        }
    }

    private func fetch() async throws -> [UInt8] {
        guard let client = connection.client() else { throw CancellationError() }
        var request = HTTPClientRequest(url: url)
        request.headers.add(name: "Accept", value: "application/json")
        request.headers.add(name: "User-Agent", value: ExporterNames.jaegerSampling.userAgent)
        let timeout = configuration.timeout.asExportTimeout
        let response = try await client.execute(request, deadline: timeout > .zero ? NIODeadline.now() + TimeAmount(timeout) : .distantFuture)
        let body = Array(try await response.body.collect(upTo: Self.maximumAnswerSize).readableBytesView)
        guard response.status == .ok else {
            throw JaegerSamplingStrategy.Mistake(description: "the answer was \(response.status.code) \(response.status.reasonPhrase)")
        }
        return body
    }
}
