public import TraceModel

/// An hour of a made-up inference platform, with causes of slowness planted in it: for a first look at the page, and for tests of it.
///
/// A gateway, feature stores and two inference servers with an ensemble, models in two versions that collect batches, and a language model
/// on a third. The same options give the same traces. What was planted is in ``truth``, complete once ``nextBatch()`` has returned `nil`.
public struct SampleTraces {
    public struct Options: Hashable, Sendable {
        /// The end of the time in which requests begin, nanoseconds since the Unix epoch.
        public var end: UInt64
        /// Nanoseconds.
        public var duration: UInt64 = 3_600_000_000_000
        /// About how many traces.
        public var traceCount = 10_000
        public var seed: UInt64 = 1

        public init(end: UInt64) { self.end = end }
    }

    /// How much longer version 4 of the reranker computes.
    static let versionRatio = 1.15
    /// How much longer the host of the slow band computes.
    static let slowdown = 1.6
    static let queueTimeout: UInt64 = 250_000_000
    static let languageModelSlots = 8
    /// One trace of so many is kept for the service that samples.
    static let sampledWeight = 10
    /// Spans that are handed out together, at least.
    private static let spansPerBatch = 4_000
    /// Executions named in the truth.
    private static let namedBatches = 40

    public private(set) var truth: SampleTruth
    private var simulation: Simulation
    private var writer = SampleSpans()
    private var executions: [[Int]: SampleTruth.Executions] = [:]
    /// Members of executions that the truth will name, by request and model.
    private var named: [(server: SampleServer, model: SampleModel, members: [Int])] = []

    public init(_ options: Options) {
        let begin = options.end - min(options.duration, options.end)
        let length = options.end - begin
        truth = SampleTruth(
            start: begin, end: options.end,
            band: SampleTruth.SlowBand(
                start: begin + length / 2, end: begin + length / 2 + length / 7, host: SampleServer.needletail.host, client: "nightly-reindex",
                batchSize: 12),
            version: SampleTruth.SlowerVersion(model: "bert_reranker", slower: "4", faster: "3", ratio: Self.versionRatio),
            sampledService: "search-api", sampledWeight: Self.sampledWeight)
        var random = SampleRandom(seed: options.seed)
        let requests = SampleArrivals(truth: truth, count: options.traceCount).requests(&random)
        simulation = Simulation(requests: requests, band: truth.band, seed: random.next())
    }

    /// The next traces, each whole; `nil` after the last.
    public mutating func nextBatch() -> SpanBatch? {
        while let outcome = simulation.next() {
            switch outcome {
            case .request(let request):
                writer.add(request)
                truth.traceCount += 1
                if let failure = request.failure { truth.failures[failure.rawValue, default: 0] += 1 }
                if let stall = writer.takeStall() { truth.stall = stall }
                if writer.spanCount >= Self.spansPerBatch { return take() }
            case .execution(let server, let model, let execution, let members):
                count(server, model, execution, members)
            }
        }
        if writer.spanCount > 0 { return take() }
        finish()
        return nil
    }

    private mutating func take() -> SpanBatch {
        truth.spanCount += writer.spanCount
        return writer.take()
    }

    private mutating func count(_ server: SampleServer, _ model: SampleModel, _ execution: Execution, _ members: [Int]) {
        let key = [server.rawValue, model.rawValue]
        var sum = executions[key] ?? SampleTruth.Executions(service: server.service, model: model.name, version: model.version)
        sum.count += 1
        sum.members += members.count
        sum.busy += execution.end - execution.start
        sum.instances = max(sum.instances, execution.instance + 1)
        executions[key] = sum
        if named.count < Self.namedBatches, members.count >= model.maximumBatch / 2, model != .tokenizer {
            named.append((server, model, members))
        }
    }

    private mutating func finish() {
        truth.coldTraces = simulation.coldRequests.sorted().map { simulation.requests[$0].traceID }
        truth.executions = executions.sorted { $0.key.lexicographicallyPrecedes($1.key) }.map(\.value)
        truth.batches = named.map { server, model, members in
            SampleTruth.Batch(
                service: server.service, model: model.name, version: model.version,
                members: members.map { index in
                    let trace = simulation.requests[index].traceID
                    return SampleTruth.Member(trace: trace, span: SampleSpans.computeSpan(of: model, in: trace))
                })
        }
    }
}
