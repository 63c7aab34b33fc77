internal import HTTPTypes
internal import Hummingbird
internal import JSONCoding
internal import NeedletailTracing
internal import PrometheusMetrics
internal import TraceCollector
internal import TraceStore

/// Zipkin's paths outside its API: health, version, metrics, the settings of its page, and the page itself, for which ours stands.
struct ZipkinOperation: QueryAPI {
    let store: any TraceStore
    let ingest: SpanIngest?
    /// Where our page is; 0 when it is not known.
    let queryPort: Int

    var routes: [Route] {
        [
            Route("/health") { try await health($0) },
            Route("/info") { Answer.json(information, for: $0.head) },
            Route("/metrics") { try await metrics($0) },
            Route("/prometheus") { try await metrics($0) },
            Route("/zipkin/config.json") { Answer.json(pageSettings, for: $0.head) },
            Route("/config.json") { Answer.json(pageSettings, for: $0.head) },
            Route("/") { try await page([], $0) },
            Route("/traces/{id}") { try await page(["traces", $0[0]], $0) },
            Route("/zipkin/**") { try await page($0.parameters, $0) },
        ]
    }

    func failure(_ error: APIError, _ request: Request) -> Response {
        Answer.text(error.message, status: .init(code: error.status), for: request)
    }

    /// Our page that shows what this one of Zipkin's would, on the host that the client knows us by.
    ///
    /// - Parameter path: Below `/zipkin`.
    private func page(_ path: [String], _ request: APIRequest) async throws -> Response {
        guard queryPort > 0 else { throw APIError.notFound("the page is on the query port of this server, see its --query-port") }
        let authority = request.head.head.authority ?? "localhost"
        // The name without its port; an IPv6 address stands in brackets.
        let host = authority.hasPrefix("[") ? authority.prefix { $0 != "]" } + "]" : authority.prefix { $0 != ":" }
        let target = await ForeignLink.target(["zipkin"] + path, request.items) { (try? await store.services()) ?? [] }
        return Answer.redirect(to: "http://\(host):\(queryPort)\(target ?? "/traces")")
    }

    private func health(_ request: APIRequest) async throws -> Response {
        var problem: String?
        do { _ = try await store.statistics() } catch { problem = "\(error)" }
        let status = problem == nil ? "UP" : "DOWN"
        var writer = JSONWriter()
        writer.beginObject()
        writer.key("status")
        writer.string(status)
        writer.key("zipkin")
        writer.beginObject()
        writer.key("status")
        writer.string(status)
        writer.key("details")
        writer.beginObject()
        writer.key("Needletail")
        writer.beginObject()
        writer.key("status")
        writer.string(status)
        if let problem {
            writer.key("details")
            writer.beginObject()
            writer.key("error")
            writer.string(problem)
            writer.endObject()
        }
        writer.endObject()
        writer.endObject()
        writer.endObject()
        writer.endObject()
        return Answer.json(writer.finish(), status: problem == nil ? .ok : .serviceUnavailable, for: request.head)
    }

    private var information: [UInt8] {
        var writer = JSONWriter()
        writer.beginObject()
        writer.key("zipkin")
        writer.beginObject()
        writer.key("version")
        writer.string("needletail " + NeedletailTracingVersion.current)
        writer.endObject()
        writer.endObject()
        return writer.finish()
    }

    private func metrics(_ request: APIRequest) async throws -> Response {
        let http = MetricLabels([("transport", "http")])
        func family(_ name: String, _ kind: MetricFamily.Kind, _ help: String, _ labels: MetricLabels, _ value: UInt64) -> MetricFamily {
            MetricFamily(name, kind, help: help, points: [.init(labels, .integer(value))])
        }
        let stored = UInt64(clamping: try await store.statistics().spanCount)
        var families = [family("zipkin_storage_spans", .gauge, "Stored spans.", MetricLabels(), stored)]
        if let counters = ingest?.counters {
            let refused = counters.refusedOverloaded &+ counters.refusedStoreFailed &+ counters.refusedShuttingDown
            families += [
                family("zipkin_collector_spans", .counter, "Spans received in Zipkin's formats.", http, counters.receivedByProtocol[.zipkin] ?? 0),
                family("zipkin_collector_spans_dropped", .counter, "Spans of any format that were refused.", http, counters.rejected &+ refused),
                family("zipkin_collector_messages_dropped", .counter, "Requests of any format that could not be read.", http, counters.malformedRequests),
            ]
        }
        let format = ExpositionFormat(accept: request.head.headers[.accept])
        return Answer.bytes(Array(ExpositionWriter.text(of: families, format: format).utf8), status: .ok, contentType: format.contentType, for: request.head)
    }

    private var pageSettings: [UInt8] {
        var writer = JSONWriter()
        writer.beginObject()
        writer.key("environment")
        writer.string("")
        writer.key("queryLimit")
        writer.int(ZipkinTraceQuery.defaultLimit)
        writer.key("defaultLookback")
        writer.int(900_000)
        writer.key("searchEnabled")
        writer.bool(true)
        for name in ["logsUrl", "supportUrl", "archivePostUrl", "archiveUrl"] {
            writer.key(string: name)
            writer.null()
        }
        writer.key("dependency")
        writer.beginObject()
        writer.key("enabled")
        writer.bool(true)
        writer.key("lowErrorRate")
        writer.double(0.5)
        writer.key("highErrorRate")
        writer.double(0.75)
        writer.endObject()
        writer.endObject()
        return writer.finish()
    }
}
