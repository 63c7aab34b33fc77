internal import HTTPTypes
internal import Hummingbird
internal import JSONCoding
internal import TraceCollector
internal import TraceModel
internal import TraceQuery
internal import TraceStore
internal import TraceWire

/// The JSON API of our own page, below `/api/ui`: docs/ui-api.md.
struct UserInterfaceAPI: QueryAPI {
    private let store: any TraceStore
    private let ingest: SpanIngest?
    private let live: LiveFeed?
    private let ports: @Sendable () -> [String: Int]
    private let clock: @Sendable () -> UInt64
    private let windows: WindowAPI
    private let traces: TraceAPI
    private let completion: CompletionAPI
    private let versions = KnownVersions()

    /// - Parameters:
    ///   - gate: Bounds the large traces in memory.
    ///   - ingest: The ingest whose counters are shown, where there is one.
    ///   - live: Hears of what is stored; without it nothing can be followed, and windows are read for each question.
    ///   - ports: Where the program listens, by listener.
    ///   - clock: Nanoseconds since the Unix epoch.
    init(
        store: any TraceStore, gate: LargeTraceGate, ingest: SpanIngest?, live: LiveFeed?, ports: @escaping @Sendable () -> [String: Int],
        clock: @escaping @Sendable () -> UInt64
    ) {
        self.store = store
        self.ingest = ingest
        self.live = live
        self.ports = ports
        self.clock = clock
        let cache = WindowCache(store: store, live: live)
        self.windows = WindowAPI(store: store, cache: cache, clock: clock)
        let source = TraceSource(store: store, archive: nil, gate: gate)
        self.traces = TraceAPI(traces: source, cache: cache, trees: TreeCache(traces: source))
        self.completion = CompletionAPI(windows: windows)
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
        case ("export", 1): return try await found(items, request)
        case ("trace", 2): return try await trace(path[1], items, request)
        case ("trace", 3) where path[2] == "export":
            let trace = try await traces.trace(path[1])
            var response = Answer.stream(try traces.export(trace, items), for: request, holding: trace.permits)
            response.headers[.contentDisposition] = "attachment; filename=\"trace-\(trace.id).\(items.nonEmpty("format") ?? "otlp").json\""
            return response
        case ("trace", 3) where path[2] == "attr" && items["format"] == "text":
            let held = try await traces.tree(path[1], try TraceShape(items))
            let text = try traces.text(held.tree, items)
            var response = Answer.stream(WholeText(text), length: text.count, contentType: "text/plain; charset=utf-8", for: request, holding: held.permits)
            response.headers[.contentSecurityPolicy] = StaticAssets.contentSecurityPolicy
            if items["download"] != nil { response.headers[.contentDisposition] = "attachment; filename=\"attribute.txt\"" }
            return response
        default: return try await answer(path: path, items: items).map { Answer.json($0, for: request) }
        }
    }

    private func answer(path: [String], items: QueryItems) async throws -> [UInt8]? {
        switch (path.first, path.count) {
        case ("traces", 1): try await list(items)
        case ("trace", 3) where path[2] == "queue": try await queue(path[1], items)
        case ("trace", 3): try await part(path[1], path[2], items)
        case ("batch", 2): try await traces.batch(key: path[1])
        case ("keys", 1): try await completion.keys(items)
        case ("values", 1): try await completion.values(items)
        case ("complete", 1): try await completion.traceQL(items)
        case ("status", 1): HealthJSON.status(try await store.statistics(), ingest?.counters, ports: ports())
        case ("health", 1):
            HealthJSON.health(try await store.statistics(), ingest?.counters, live, try await windows.question(items))
        case (let name?, 1): try await windows.answer(name, items)
        default: nil
        }
    }

    private func part(_ id: String, _ name: String, _ items: QueryItems) async throws -> [UInt8]? {
        let held = try await traces.tree(id, try TraceShape(items))
        // Its place is free again when the body is made, which is small.
        defer { withExtendedLifetime(held) {} }
        return try await traces.answer(held.tree, part: name, items)
    }

    private func queue(_ id: String, _ items: QueryItems) async throws -> [UInt8] {
        // Others are compared with the trace as it came, not with what the reader sees of it.
        let shape = try TraceShape(items), held = try await traces.tree(id)
        defer { withExtendedLifetime(held) {} }
        return try await traces.queue(held.tree, shaped: try shape.of(held.tree, skew: held.skew))
    }

    /// The whole trace as columns; 304 when the reader has it already.
    private func trace(_ text: String, _ items: QueryItems, _ request: Request) async throws -> Response {
        let id = try SearchRequest.traceID(text)
        let shape = try TraceShape(items)
        let stored = try await store.version(ofTrace: id)
        // Whether the reader's version is still the newest one is often known without the trace.
        if let stored, let version = versions.version(of: id, stored), let known = unchanged(version, shape, items, request) { return known }
        let held = try await traces.tree(text, shape)
        let version = held.version
        if let stored { versions.keep(version, of: id, stored) }
        if let known = unchanged(version, shape, items, request) { return known }
        let body = TraceColumnsJSON.body(of: held.tree, skew: held.skew, version: version, since: items.nonEmpty("since"))
        return tagged(Answer.stream(WholeText(body), length: body.count, for: request, holding: held.permits), version, shape)
    }

    /// The answer to a reader who has this version: 304 for one that names its tag, a few words for a page that asks what came since.
    private func unchanged(_ version: ColumnsVersion, _ shape: TraceShape, _ items: QueryItems, _ request: Request) -> Response? {
        let tag = version.tag(shape)
        let isKnown = request.headers[.ifNoneMatch].map { known in known.split(separator: ",").contains { $0.trimmingPrefix(" ") == tag } } ?? false
        if isKnown { return Response(status: .notModified, headers: [.eTag: tag, .cacheControl: "no-cache"]) }
        // A page asks whether spans came since it was opened; it gets the columns again only when there are some.
        guard items.nonEmpty("since") == "\(version)" else { return nil }
        let body = JSONWriter.document {
            $0.field("version", "\(version)")
            $0.field("changed", false)
        }
        return tagged(Answer.json(body, for: request), version, shape)
    }

    private func tagged(_ response: Response, _ version: ColumnsVersion, _ shape: TraceShape) -> Response {
        var response = response
        response.headers[.eTag] = version.tag(shape)
        response.headers[.cacheControl] = "no-cache"
        return response
    }

    /// The traces that a search finds, as one file.
    private func found(_ items: QueryItems, _ request: Request) async throws -> Response {
        let found = try await traces.traces.traces(try await windows.foundTraces(items))
        let batch = SpanBatch(resourceSpans: found.flatMap(\.batch.resourceSpans))
        var response = Answer.stream(OTLPJSON.pieces(of: batch), for: request, holding: found.flatMap(\.permits))
        response.headers[.contentDisposition] = "attachment; filename=\"traces.otlp.json\""
        return response
    }

    private func liveResponse(_ items: QueryItems) throws -> Response {
        guard let live else { throw APIError(status: 404, message: "nothing can be followed here: this server does not receive spans") }
        let filter: TraceFilter
        do {
            filter = try TraceFilter(items["q"] ?? "")
        } catch {
            throw BadParameter(error, in: "q")
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
