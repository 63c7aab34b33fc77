internal import Hummingbird
internal import JSONCoding
internal import NeedletailTracing
internal import PrometheusMetrics
internal import TraceModel
internal import TraceStore

/// Tempo's query API over HTTP (grafana/tempo, "docs/sources/tempo/api_docs").
struct TempoAPI: QueryAPI {
    let traces: TraceSource
    /// Nanoseconds since the Unix epoch.
    let clock: @Sendable () -> UInt64
    /// Shown beside the store's at `/metrics`.
    let metrics: @Sendable () -> [MetricFamily]

    private var store: any TraceStore { traces.store }

    var routes: [Route] {
        let byID = TempoTraces(traces: traces)
        let search = TempoSearch(store: store, clock: clock)
        let tags = TempoTags(traces: traces, clock: clock)
        let series = TempoMetrics(store: store, clock: clock)
        return [
            Route("/api/traces/{id}") { try await byID.version1($0) },
            Route("/api/v2/traces/{id}") { try await byID.version2($0) },
            Route("/api/search") { try await search.answer($0) },
            Route("/api/search/tags") { try await tags.names($0) },
            Route("/api/v2/search/tags") { try await tags.scopedNames($0) },
            Route("/api/search/tag/{tag}/values") { try await tags.values($0) },
            Route("/api/v2/search/tag/{tag}/values") { try await tags.typedValues($0) },
            Route("/api/metrics/query_range") { try await series.range($0) },
            Route("/api/metrics/query") { try await series.instant($0) },
        ] + operation
    }

    /// Errors are plain text.
    func failure(_ error: APIError, _ request: Request) -> Response {
        Answer.text(error.message, status: .init(code: error.status), for: request)
    }

    // MARK: Operation

    private var operation: [Route] {
        [
            Route("/api/echo") { Answer.text("echo", for: $0.head) },
            Route("/ready") { request in
                _ = try await store.statistics()
                return Answer.text("ready", for: request.head)
            },
            Route("/api/status/buildinfo") { Answer.json(buildInformation, for: $0.head) },
            Route("/metrics") { request in
                let format = ExpositionFormat(accept: request.head.headers[.accept])
                let text = ExpositionWriter.text(of: try await families() + metrics(), format: format)
                return Answer.bytes(Array(text.utf8), status: .ok, contentType: format.contentType, for: request.head)
            },
            Route("/status") { Answer.text(Self.statusPages.map { "# \($0.name)\n\($0.text)\n" }.joined(separator: "\n"), for: $0.head) },
            Route("/status/{page}") { request in
                guard let page = Self.statusPages.first(where: { $0.name == request[0] }) else {
                    let names = Self.statusPages.map(\.name).joined(separator: ", ")
                    throw APIError.notFound("there is no status page \"\(request[0])\", there are: \(names)")
                }
                return Answer.text(page.text, for: request.head)
            },
        ]
    }

    private var buildInformation: [UInt8] {
        var writer = JSONWriter()
        writer.beginObject()
        for (name, value) in [
            ("version", NeedletailTracingVersion.current), ("revision", ""), ("branch", ""), ("buildUser", ""), ("buildDate", ""), ("goVersion", ""),
        ] {
            writer.key(string: name)
            writer.string(value)
        }
        writer.endObject()
        return writer.finish()
    }

    private static let statusPages: [(name: String, text: String)] = [
        ("version", "needletail, version \(NeedletailTracingVersion.current)"),
        ("services", "store: Running\nquery: Running"),
        ("endpoints", endpoints.joined(separator: "\n")),
        ("config", "target: all\nmultitenancy_enabled: false"),
        ("runtime_config", "overrides: {}"),
        ("overrides", "overrides: {}"),
    ]

    private static let endpoints = [
        "GET /api/echo", "GET /api/traces/{traceID}", "GET /api/v2/traces/{traceID}", "GET /api/search", "GET /api/search/tags",
        "GET /api/v2/search/tags", "GET /api/search/tag/{tagName}/values", "GET /api/v2/search/tag/{tagName}/values",
        "GET /api/metrics/query_range", "GET /api/metrics/query", "GET /api/status/buildinfo", "GET /ready", "GET /metrics", "GET /status",
    ]

    private func families() async throws -> [MetricFamily] {
        let statistics = try await store.statistics()
        return [
            MetricFamily("needletail_build_info", .gauge, help: "The version, as a label.", points: [
                .init(MetricLabels([("version", NeedletailTracingVersion.current)]), .integer(1))
            ]),
            MetricFamily("needletail_store_spans", .gauge, help: "Stored spans.", points: [.init(.init(), .integer(UInt64(clamping: statistics.spanCount)))]),
            MetricFamily("needletail_store_bytes", .gauge, help: "Bytes on disk.", points: [.init(.init(), .integer(UInt64(clamping: statistics.bytesOnDisk)))]),
        ]
    }
}
