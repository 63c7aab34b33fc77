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
    private let sampleAPI: SampleAPI?
    private let table: RouteTable

    /// - Throws: ``ScriptLinker/Failure`` when the page in this program cannot be joined.
    init(
        store: any TraceStore, archive: (any TraceStore)? = nil, ingest: SpanIngest?, live: LiveFeed? = nil,
        maximumClockSkew: UInt64 = 0, gate: LargeTraceGate = LargeTraceGate(),
        ports: @escaping @Sendable () -> [String: Int] = { [:] }, logger: Logger, clock: @escaping @Sendable () -> UInt64
    ) throws {
        let traces = TraceSource(store: store, archive: archive, gate: gate)
        let dependencies = DependencyCache(store: store, clock: clock)
        let jaeger = JaegerAPI(
            traces: traces, dependencies: dependencies, maximumClockSkew: maximumClockSkew, clock: clock,
            metrics: JaegerMetricsAPI(store: store, clock: clock)
        )
        let assets = try StaticAssets.ofThisProgram.get()
        importAPI = ingest.map { ImportAPI(ingest: $0, logger: logger) }
        sampleAPI = ingest.map { SampleAPI(ingest: $0, logger: logger, clock: clock) }
        table = RouteTable(
            [
                UserInterfaceAPI(store: store, gate: gate, ingest: ingest, live: live, ports: ports, clock: clock),
                JaegerV3API(traces: traces, dependencies: dependencies, clock: clock),
                jaeger,
            ],
            logger: logger,
            elsewhere: { path, request in
                guard path.first == "api" else {
                    let target = await ForeignLink.target(path, QueryItems(request.uri.query)) { (try? await store.services()) ?? [] }
                    return target.map(Answer.redirect) ?? assets.response(path: path, request: request)
                }
                return jaeger.failure(.notFound("no such API path: \(request.uri.path)"), request)
            }
        )
    }

    func respond(to request: Request, context: BasicRequestContext) async throws -> Response {
        if let importAPI, request.uri.path == ImportAPI.path { return await importAPI.respond(to: request) }
        if let sampleAPI, request.uri.path == SampleAPI.path { return await sampleAPI.respond(to: request) }
        return await table.respond(to: request)
    }
}
