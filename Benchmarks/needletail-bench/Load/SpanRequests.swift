internal import TraceModel
internal import TraceWire

/// Export requests made before the clock starts: every one different, with ids, times and values of its own, so that
/// neither the compression nor the index of a store is flattered.
struct SpanRequests {
    enum Encoding: String {
        case protobuf
        case json
        case zipkin
    }

    static let spansPerTrace = 8

    var encoding: Encoding
    var spansPerRequest: Int
    var attributesPerSpan: Int
    private var random = SystemSeededRandom()

    init(encoding: Encoding, spansPerRequest: Int, attributesPerSpan: Int) {
        self.encoding = encoding
        self.spansPerRequest = spansPerRequest
        self.attributesPerSpan = attributesPerSpan
    }

    /// The bytes of one request.
    mutating func next(at time: UInt64) -> [UInt8] {
        let batch = batch(at: time)
        return switch encoding {
        case .protobuf: OTLPProtobuf.encode(batch)
        case .json: OTLPJSON.encode(batch)
        case .zipkin: ZipkinJSON.encode(batch)
        }
    }

    mutating func batch(at time: UInt64) -> SpanBatch {
        var spans: [Span] = []
        spans.reserveCapacity(spansPerRequest)
        while spans.count < spansPerRequest {
            let trace = TraceID(high: random.next(), low: random.next() | 1)
            let root = SpanID(random.next() | 1)
            let start = time &- random.next() % 1_000_000_000
            for index in 0..<min(Self.spansPerTrace, spansPerRequest - spans.count) {
                spans.append(span(index: index, trace: trace, root: root, start: start))
            }
        }
        let service = Self.services[Int(random.next() % UInt64(Self.services.count))]
        let resource = Resource(attributes: [
            Attribute("service.name", .string(service)), Attribute("service.instance.id", .string("\(service)-0")),
            Attribute("telemetry.sdk.language", .string("cpp")), Attribute("deployment.environment.name", .string("production")),
        ])
        return SpanBatch(resource: resource, scope: InstrumentationScope(name: "needletail-bench", version: "1"), spans: spans)
    }

    private mutating func span(index: Int, trace: TraceID, root: SpanID, start: UInt64) -> Span {
        let begin = start &+ UInt64(index) * 150_000 &+ random.next() % 50_000
        return Span(
            traceID: trace,
            spanID: index == 0 ? root : SpanID(random.next() | 1),
            parentSpanID: index == 0 ? nil : root,
            name: Self.names[index % Self.names.count],
            kind: index == 0 ? .server : .internal,
            startTime: begin,
            endTime: begin &+ 200_000 &+ random.next() % 5_000_000,
            attributes: (0..<attributesPerSpan).map { attribute($0) }
        )
    }

    private mutating func attribute(_ index: Int) -> Attribute {
        let key = Self.keys[index % Self.keys.count]
        return switch index % 5 {
        case 0: Attribute(key, .string("value-\(random.next() % 100)"))
        case 1: Attribute(key, .int(Int64(random.next() % 100_000)))
        case 2: Attribute(key, .string("/v2/models/\(Self.services[Int(random.next() % 4)])/infer"))
        case 3: Attribute(key, .bool(random.next() % 2 == 0))
        default: Attribute(key, .double(Double(random.next() % 1000) / 8))
        }
    }

    private static let services = ["gateway", "ranker", "embedder", "tokenizer"]
    private static let names = ["InferRequest", "model", "compute", "preprocess", "lookup", "tokenize", "postprocess", "encode"]
    private static let keys = [
        "http.request.method", "http.response.status_code", "url.path", "cache.hit", "queue.ratio",
        "triton.model_name", "triton.model_version", "server.address", "batch.full", "model.score",
    ]
}

/// SplitMix64, seeded from the system: quick, and good enough for ids of a benchmark.
struct SystemSeededRandom {
    private var state: UInt64 = .random(in: .min ... .max)

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
