internal import HTTPTypes
internal import Hummingbird
internal import JSONCoding
internal import TraceCollector
internal import TraceModel
internal import TraceQuery
internal import TraceStore

/// The JSON API of our own page, below `/api/ui`: docs/ui-api.md.
struct UserInterfaceAPI: QueryAPI {
    private let store: any TraceStore
    private let ingest: SpanIngest?
    private let live: LiveFeed?
    private let clock: @Sendable () -> UInt64
    private let windows: WindowAPI
    private let traces: TraceAPI
    private let completion: CompletionAPI
    private let versions = KnownVersions()

    /// - Parameters:
    ///   - gate: Bounds the large traces in memory.
    ///   - ingest: The ingest whose counters are shown, where there is one.
    ///   - live: Hears of what is stored; without it nothing can be followed, and windows are read for each question.
    ///   - clock: Nanoseconds since the Unix epoch.
    init(store: any TraceStore, gate: LargeTraceGate, ingest: SpanIngest?, live: LiveFeed?, clock: @escaping @Sendable () -> UInt64) {
        self.store = store
        self.ingest = ingest
        self.live = live
        self.clock = clock
        let cache = WindowCache(store: store, live: live)
        self.windows = WindowAPI(store: store, cache: cache, clock: clock)
        self.traces = TraceAPI(traces: TraceSource(store: store, archive: nil, gate: gate), cache: cache)
        self.completion = CompletionAPI(store: store, cache: cache, clock: clock)
    }

    var routes: [Route] {
        [
            Route("/api/ui/**") { request in
                guard let response = try await respond(path: request.parameters, items: request.items, request: request.head) else {
                    throw APIError.notFound("no such API path: \(request.head.uri.path)")
                }
                return response
            }
        ]
    }

    func failure(_ error: APIError, _ request: Request) -> Response {
        Answer.json(Envelope.errors([error]), status: .init(code: error.status), for: request)
    }

    /// - Parameter path: What comes after `/api/ui`.
    /// - Returns: `nil` for an unknown path.
    func respond(path: [String], items: QueryItems, request: Request) async throws -> Response? {
        switch (path.first, path.count) {
        case ("live", 1): return try liveResponse(items)
        case ("trace", 2): return try await trace(path[1], items, request)
        case ("trace", 3) where path[2] == "export":
            let trace = try await traces.trace(path[1])
            var response = Answer.stream(try traces.export(trace, items), for: request, holding: trace.permits)
            response.headers[.contentDisposition] = "attachment; filename=\"trace-\(trace.id).otlp.json\""
            return response
        default: return try await answer(path: path, items: items).map { Answer.json($0, for: request) }
        }
    }

    private func answer(path: [String], items: QueryItems) async throws -> [UInt8]? {
        switch (path.first, path.count) {
        case ("traces", 1): try await list(items)
        case ("trace", 3): try await part(path[1], path[2], items)
        case ("batch", 2): try await traces.batch(key: path[1])
        case ("keys", 1): try await completion.keys(items)
        case ("values", 1): try await completion.values(items)
        case ("status", 1): HealthJSON.status(try await store.statistics(), ingest?.counters)
        case ("health", 1):
            HealthJSON.health(try await store.statistics(), ingest?.counters, live, try await windows.question(items))
        case (let name?, 1): try await windows.answer(name, items)
        default: nil
        }
    }

    private func part(_ id: String, _ name: String, _ items: QueryItems) async throws -> [UInt8]? {
        let (tree, permits) = try await traces.tree(id)
        // Its place is free again when the body is made, which is small.
        defer { withExtendedLifetime(permits) {} }
        return try await traces.answer(tree, part: name, items)
    }

    /// The whole trace as columns; 304 when the reader has it already.
    private func trace(_ text: String, _ items: QueryItems, _ request: Request) async throws -> Response {
        let id = try SearchRequest.traceID(text)
        let isUnadjusted = items["skew"] != "adjust"
        let stored = try await store.version(ofTrace: id)
        // Whether the reader's version is still the newest one is often known without the trace.
        if let stored, let version = versions.version(of: id, stored), let known = unchanged(version, isUnadjusted, items, request) { return known }
        let (tree, permits) = try await traces.tree(text)
        let version = ColumnsVersion(tree)
        if let stored { versions.keep(version, of: id, stored) }
        if let known = unchanged(version, isUnadjusted, items, request) { return known }
        let body = TraceColumnsJSON.body(of: tree, version: version, since: items.nonEmpty("since"), adjustsSkew: !isUnadjusted)
        return tagged(Answer.stream(WholeText(body), length: body.count, for: request, holding: permits), version, isUnadjusted)
    }

    /// The answer to a reader who has this version: 304 for one that names its tag, a few words for a page that asks what came since.
    private func unchanged(_ version: ColumnsVersion, _ isUnadjusted: Bool, _ items: QueryItems, _ request: Request) -> Response? {
        let tag = version.tag(isUnadjusted: isUnadjusted)
        let isKnown = request.headers[.ifNoneMatch].map { known in known.split(separator: ",").contains { $0.trimmingPrefix(" ") == tag } } ?? false
        if isKnown { return Response(status: .notModified, headers: [.eTag: tag, .cacheControl: "no-cache"]) }
        // A page asks whether spans came since it was opened; it gets the columns again only when there are some.
        guard items.nonEmpty("since") == "\(version)" else { return nil }
        let body = JSONWriter.document {
            $0.field("version", "\(version)")
            $0.field("changed", false)
        }
        return tagged(Answer.json(body, for: request), version, isUnadjusted)
    }

    private func tagged(_ response: Response, _ version: ColumnsVersion, _ isUnadjusted: Bool) -> Response {
        var response = response
        response.headers[.eTag] = version.tag(isUnadjusted: isUnadjusted)
        response.headers[.cacheControl] = "no-cache"
        return response
    }

    private func liveResponse(_ items: QueryItems) throws -> Response {
        guard let live else { throw APIError(status: 404, message: "nothing can be followed here: this server does not receive spans") }
        let filter: TraceFilter
        do {
            filter = try TraceFilter(items["q"] ?? "")
        } catch {
            throw BadParameter("unable to parse param 'q': \(error.message), at column \(error.column)", line: 1, column: error.column, length: error.length)
        }
        return try LiveStream(store: store, feed: live, filter: filter).response()
    }

    private func list(_ items: QueryItems) async throws -> [UInt8] {
        var found: [StoredTrace] = []
        var limited = false
        switch try SearchRequest(items, now: clock(), requiresService: false, followsLookback: true) {
        case .search(let search):
            found = try await store.findTraces(search)
            limited = found.count >= search.limit
        case .traces(let ids):
            for id in ids { if let trace = try await store.trace(id) { found.append(trace) } }
        }
        let summaries = found.map { TraceSummary(TraceSpans(traceID: $0.id, batch: $0.batch)) }
        return TraceListJSON.body(of: summaries, limited: limited)
    }
}
