internal import HTTPTypes
internal import Hummingbird
internal import JSONCoding
internal import Logging
internal import TraceCollector
internal import TraceModel
internal import TraceSamples

/// `POST /api/ui/sample`: stores an hour of made-up traces (``SampleTraces``), for a first look at the page.
///
/// `?traces=` says about how many (default 10,000), `?seed=` which. The answer comes after the spans are durable and says what was planted
/// in them (``SampleTruthJSON``).
struct SampleAPI: Sendable {
    static let path = "/api/ui/sample"

    /// Traces of one call.
    static let maximumTraceCount = 100_000
    /// The newest request begins so long ago, so that all have ended.
    private static let age: UInt64 = 20_000_000_000

    let ingest: SpanIngest
    let logger: Logger
    let clock: @Sendable () -> UInt64

    func respond(to request: Request) async -> Response {
        do {
            guard request.method == .post else { throw APIError(status: 405, message: "405 method not allowed, supported: [POST]") }
            try PageOrigin.check(request)
            var samples = SampleTraces(try options(QueryItems(request.uri.query)))
            while let batch = samples.nextBatch() { try await ingest.acceptPatiently(batch, from: .file, what: "the sample traces were") }
            logger.info("Sample traces were stored", metadata: ["traces": "\(samples.truth.traceCount)", "spans": "\(samples.truth.spanCount)"])
            return Answer.json(SampleTruthJSON.body(of: samples.truth), for: request)
        } catch {
            return ImportAPI.failure(error, of: "the sample traces were", request)
        }
    }

    private func options(_ items: QueryItems) throws -> SampleTraces.Options {
        let now = clock()
        var options = SampleTraces.Options(end: now - min(now, Self.age))
        if let text = items.nonEmpty("traces") {
            guard let count = Int(text), (1...Self.maximumTraceCount).contains(count) else {
                throw APIError(status: 400, message: "malformed 'traces' parameter, expecting 1 to \(Self.maximumTraceCount), received: \(text.prefix(40))")
            }
            options.traceCount = count
        }
        if let text = items.nonEmpty("seed") {
            guard let seed = UInt64(text) else {
                throw APIError(status: 400, message: "malformed 'seed' parameter, expecting a whole number from 0 on, received: \(text.prefix(40))")
            }
            options.seed = seed
        }
        return options
    }
}
