internal import HTTPTypes
internal import Hummingbird
internal import Logging
internal import TraceCollector
internal import TraceStore

/// Finds the answer for each path of ``TraceStudioServer``: the APIs first, then the page.
struct StudioResponder: HTTPResponder {
    typealias Context = BasicRequestContext

    /// Takes files of traces, where there is an ingest.
    private let importAPI: ImportAPI?
    private let table: RouteTable

    init(
        store: any TraceStore, archive: (any TraceStore)? = nil, ingest: SpanIngest?, live: LiveFeed? = nil,
        maximumClockSkew: UInt64 = 0, gate: LargeTraceGate = LargeTraceGate(), logger: Logger, clock: @escaping @Sendable () -> UInt64
    ) {
        let traces = TraceSource(store: store, archive: archive, gate: gate)
        let dependencies = DependencyCache(store: store, clock: clock)
        let jaeger = JaegerAPI(
            traces: traces, dependencies: dependencies, maximumClockSkew: maximumClockSkew, clock: clock,
            metrics: JaegerMetricsAPI(store: store, clock: clock)
        )
        let assets = StaticAssets(WebAssets.files)
        importAPI = ingest.map { ImportAPI(ingest: $0, logger: logger) }
        table = RouteTable(
            [
                UserInterfaceAPI(store: store, gate: gate, ingest: ingest, live: live, clock: clock),
                JaegerV3API(traces: traces, dependencies: dependencies, clock: clock),
                jaeger,
            ],
            logger: logger,
            elsewhere: { path, request in
                guard path.first == "api" else { return assets.response(path: path, request: request) }
                return jaeger.failure(.notFound("no such API path: \(request.uri.path)"), request)
            }
        )
    }

    func respond(to request: Request, context: BasicRequestContext) async throws -> Response {
        if let importAPI, request.uri.path == ImportAPI.path { return await importAPI.respond(to: request) }
        return await table.respond(to: request)
    }
}
