internal import Compression
internal import Glibc
internal import TraceCollector
internal import TraceModel

/// What the metrics generator costs the committing loop for each span, and what snappy costs.
///
/// Nanoseconds of thread CPU time, median of nine rounds. The spans are those of a shop's requests: one in two is a client's or a server's,
/// each with ten attributes, in batches of 1,000.
enum GeneratorBenchmark {
    private static let rounds = 9
    private static let batchSize = 1000
    private static let batches = 100

    static func run() -> [BenchmarkRow] {
        let names = (0..<200).map { "GET /api/products/{id}/variant-\($0)" }
        var graphOnly = MetricsGenerator.Configuration()
        graphOnly.spanMetrics = nil
        var spansOnly = MetricsGenerator.Configuration()
        spansOnly.serviceGraphs = nil
        let everyNameIsNew = (0..<20_000).map { "GET /api/products/\($0)" }
        return [
            .atMost(150, "metrics generator: a span", cost(.init(), names), "ns", note: "service graph and span metrics; 1 in 2 spans is half an edge"),
            BenchmarkRow("metrics generator: span metrics alone", cost(spansOnly, names), "ns"),
            BenchmarkRow("metrics generator: service graph alone", cost(graphOnly, names), "ns"),
            BenchmarkRow("metrics generator: a span, 20,000 names", cost(.init(), everyNameIsNew), "ns", note: "beyond the bound of series"),
        ] + snappyRows()
    }

    private static func cost(_ configuration: MetricsGenerator.Configuration, _ names: [String]) -> Double {
        var measured: [Double] = []
        for round in 0..<rounds {
            let generator = MetricsGenerator(configuration: configuration)
            let load = (0..<batches).map { batch(round * batches + $0, names) }
            // Known series, as after the first second.
            generator.stored([load[0]])
            let start = threadTime()
            for batch in load { generator.stored([batch]) }
            measured.append(Double(threadTime() - start) / Double(batches * batchSize))
        }
        return measured.sorted()[rounds / 2]
    }

    /// Traces of four spans: server, internal, client, and the next service's server.
    private static func batch(_ number: Int, _ names: [String]) -> SpanBatch {
        let services = ["storefront-gateway", "product-catalogue"]
        var spans: [[Span]] = [[], []]
        for place in 0..<(batchSize / 4) {
            let trace = TraceID(high: UInt64(number), low: UInt64(place + 1))
            let name = names[(number * batchSize + place) % names.count]
            func span(_ id: UInt64, _ parent: UInt64?, _ kind: SpanKind) -> Span {
                let start = 1_767_225_600_000_000_000 + UInt64(place) * 1_000_000
                return Span(
                    traceID: trace, spanID: SpanID(UInt64(number * batchSize + place) << 8 | id), parentSpanID: parent.map { SpanID(UInt64(number * batchSize + place) << 8 | $0) },
                    name: name, kind: kind, startTime: start, endTime: start + UInt64(place % 50) * 1_000_000, attributes: attributes(place)
                )
            }
            spans[0] += [span(1, nil, .internal), span(2, 1, .internal), span(3, 2, .client)]
            spans[1] += [span(4, 3, .server)]
        }
        return SpanBatch(
            resourceSpans: zip(services, spans).map { service, spans in
                ResourceSpans(
                    resource: Resource(attributes: [Attribute("service.name", .string(service)), Attribute("host.name", "box")]),
                    scopeSpans: [ScopeSpans(scope: InstrumentationScope(name: "bench"), spans: spans)]
                )
            }
        )
    }

    private static func attributes(_ place: Int) -> [Attribute] {
        [
            Attribute("http.request.method", "GET"), Attribute("url.path", .string("/api/products/\(place)/variant")), Attribute("http.response.status_code", 200),
            Attribute("server.address", "products.example.internal"), Attribute("server.port", 8080), Attribute("user.tier", "gold"),
            Attribute("cache.hit", true), Attribute("price", 12.5), Attribute("request.bytes", .int(Int64(place))), Attribute("url.scheme", "https"),
        ]
    }

    private static func snappyRows() -> [BenchmarkRow] {
        // As a remote write request: names that repeat, numbers that do not.
        var text: [UInt8] = []
        for number in 0..<20_000 {
            text += Array("traces_spanmetrics_latency_bucket{service=\"storefront-\(number % 20)\",le=\"0.0\(number % 14)\"} \(number &* 2_654_435_761)".utf8)
        }
        let compressed = Snappy.compress(text)
        let megabytes = Double(text.count) / 1e6
        func speed(_ body: () -> Void) -> Double {
            var measured: [Double] = []
            for _ in 0..<rounds {
                let start = threadTime()
                body()
                measured.append(megabytes / (Double(threadTime() - start) / 1e9))
            }
            return measured.sorted()[rounds / 2]
        }
        let ratio = BenchmarkRow.text(Double(text.count) / Double(compressed.count))
        return [
            BenchmarkRow("snappy: compress", speed { _ = Snappy.compress(text) }, "MB/s", note: "\(ratio) : 1"),
            BenchmarkRow("snappy: decompress", speed { _ = try? Snappy.decompress(compressed, maximumSize: text.count) }, "MB/s"),
        ]
    }

    private static func threadTime() -> UInt64 {
        var time = timespec()
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
        return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
    }
}
