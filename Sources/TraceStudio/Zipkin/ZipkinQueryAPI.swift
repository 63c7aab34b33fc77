internal import HTTPTypes
public import Hummingbird
internal import JSONCoding
public import Logging
public import TraceCollector
internal import TraceModel
internal import TraceQuery
public import TraceStore
internal import TraceWire

/// Zipkin's query API, version 2, which shares its port with the receiver of spans (zipkin.io/zipkin-api, "zipkin2-api.yaml").
public struct ZipkinQueryAPI: Sendable {
    private let table: RouteTable

    /// - Parameters:
    ///   - store: The traces.
    ///   - archive: Traces kept beyond the store's retention, found by their ids.
    ///   - ingest: Whose counters `/metrics` shows.
    ///   - autocompleteKeys: The tags whose values are offered while somebody types.
    ///   - queryPort: Where the page is, to which Zipkin's deep links lead; 0 when it is not known.
    ///   - gate: Bounds the large traces in memory, together with other query ports that have the same one.
    ///   - logger: Where errors are told.
    public init(
        store: any TraceStore, archive: (any TraceStore)? = nil, ingest: SpanIngest? = nil, autocompleteKeys: [String] = [],
        queryPort: Int = 0, gate: LargeTraceGate = LargeTraceGate(), logger: Logger
    ) {
        self.init(
            store: store, archive: archive, ingest: ingest, autocompleteKeys: autocompleteKeys, queryPort: queryPort, gate: gate, logger: logger,
            clock: WallClock.now
        )
    }

    init(
        store: any TraceStore, archive: (any TraceStore)? = nil, ingest: SpanIngest? = nil, autocompleteKeys: [String] = [],
        queryPort: Int = 0, gate: LargeTraceGate = LargeTraceGate(), logger: Logger, clock: @escaping @Sendable () -> UInt64
    ) {
        let queries = ZipkinQueries(
            traces: TraceSource(store: store, archive: archive, gate: gate), dependencies: DependencyCache(store: store, clock: clock),
            autocompleteKeys: autocompleteKeys, clock: clock
        )
        let operation = ZipkinOperation(store: store, ingest: ingest, queryPort: queryPort)
        table = RouteTable(
            [queries, operation], logger: logger,
            elsewhere: { _, request in
                queries.failure(.notFound("404 not found: Zipkin spans go to POST /api/v2/spans, traces come from GET /api/v2/traces\n"), request)
            }
        )
    }

    /// Answers every request that brings no spans.
    public func respond(to request: Request) async -> Response {
        await table.respond(to: request)
    }
}

/// The paths below `/api/v2`.
struct ZipkinQueries: QueryAPI {
    private static let encoding = ZipkinJSON.EncodingOptions(restoresZipkin: true)
    /// More traces are not asked for at once.
    private static let maximumTraceIDs = 1000
    /// Values offered for a tag.
    private static let maximumValues = 1000

    let traces: TraceSource
    let dependencies: DependencyCache
    let autocompleteKeys: [String]
    /// Nanoseconds since the Unix epoch.
    let clock: @Sendable () -> UInt64

    private var store: any TraceStore { traces.store }

    var routes: [Route] {
        [
            Route("/api/v2/services") { names(try await services(), $0) },
            Route("/api/v2/spans") { names(try await spanNames($0.items), $0) },
            Route("/api/v2/remoteServices") { names(try await remoteServices($0.items), $0) },
            Route("/api/v2/traces") { try await search($0) },
            Route("/api/v2/trace/{id}") { try await trace($0) },
            Route("/api/v2/traceMany") { try await many($0) },
            Route("/api/v2/dependencies") { Answer.json(try await dependencies($0.items), for: $0.head) },
            Route("/api/v2/autocompleteKeys") { names(autocompleteKeys, $0) },
            Route("/api/v2/autocompleteValues") { names(try await autocompleteValues($0.items), $0) },
        ]
    }

    /// Errors are plain text.
    func failure(_ error: APIError, _ request: Request) -> Response {
        Answer.text(error.message, status: .init(code: error.status), for: request)
    }

    // MARK: Names

    private func names(_ names: [String], _ request: APIRequest) -> Response {
        var writer = JSONWriter()
        writer.beginArray()
        for name in names { writer.string(name) }
        writer.endArray()
        var response = Answer.json(writer.finish(), for: request.head)
        // Names of many services change seldom.
        if names.count > 3 { response.headers[.cacheControl] = "max-age=300, must-revalidate" }
        return response
    }

    private func lowercased(_ names: some Sequence<String>) -> [String] {
        Set(names.lazy.filter { !$0.isEmpty }.map { $0.lowercased() }).sorted()
    }

    private func services() async throws -> [String] { lowercased(try await store.services()) }

    /// The stored names that a name in lower case means.
    private func storedNames(_ items: QueryItems) async throws -> [String] {
        guard let name = items["serviceName"] else { throw BadParameter("Required request parameter 'serviceName' is not present") }
        return try await store.services().filter { $0.lowercased() == name.lowercased() }
    }

    private func spanNames(_ items: QueryItems) async throws -> [String] {
        var names: [String] = []
        for service in try await storedNames(items) { names += try await store.operations(service: service).map(\.name) }
        return lowercased(names)
    }

    private func remoteServices(_ items: QueryItems) async throws -> [String] {
        let services = Set(try await storedNames(items))
        if services.isEmpty { return [] }
        let conditions = services.flatMap { service in
            ZipkinJSON.remoteNameKeys.map { [SpanCondition.service(service), .attribute(AttributeKey(scope: .span, name: $0), .exists)] }
        }
        let projection = SpanProjection(attributes: .named(Set(ZipkinJSON.remoteNameKeys)), events: false, links: false)
        let found = try await store.scanSpans(SpanSelection(anyOf: conditions), projection: projection, into: Set<String>()) { names, batch in
            for group in batch.resourceSpans where services.contains(group.resource.serviceName) {
                for span in group.scopeSpans.lazy.flatMap(\.spans) {
                    if let name = ZipkinJSON.remoteServiceName(of: span) { names.insert(name) }
                }
            }
            return names.count < Self.maximumValues ? .more : .stop
        }
        return lowercased(found)
    }

    private func autocompleteValues(_ items: QueryItems) async throws -> [String] {
        guard let key = items.nonEmpty("key") else { throw BadParameter("Required request parameter 'key' is not present") }
        guard autocompleteKeys.contains(key) else { return [] }
        let values = try await store.attributeValues(AttributeKey(scope: nil, name: key), startTime: 0...UInt64.max, limit: Self.maximumValues)
        return Set(values.map(\.value.displayText)).sorted()
    }

    // MARK: Traces

    private func search(_ request: APIRequest) async throws -> Response {
        let query = try ZipkinTraceQuery(request.items, services: try await store.services(), now: clock())
        var found: [StoredTrace] = []
        if query.services?.isEmpty != true {
            found = try await store.scanTraces(query.selection, projection: .whole, into: found) { found, traces in
                for trace in traces where found.count < query.limit && query.matches(trace) { found.append(trace) }
                return found.count < query.limit ? .more : .stop
            }
        }
        return lists(found, request)
    }

    /// Each trace is a list of spans of its own, `[[Span]]`.
    private func lists(_ traces: [StoredTrace], _ request: APIRequest, holding held: [LargeTraceGate.Permit] = []) -> Response {
        let lists = traces.map { trace in { @Sendable in ZipkinJSON.pieces(of: trace.batch, options: Self.encoding) as any PiecewiseText } }
        return Answer.stream(FramedText("[", lists, "]"), for: request.head, holding: held)
    }

    private func trace(_ request: APIRequest) async throws -> Response {
        let id = try Self.traceID(request[0])
        guard let trace = try await traces.trace(id) else { throw APIError.notFound("\(Self.normalized(id)) not found") }
        return Answer.stream(ZipkinJSON.pieces(of: trace.batch, options: Self.encoding), for: request.head, holding: trace.permits)
    }

    private func many(_ request: APIRequest) async throws -> Response {
        guard let text = request.items.nonEmpty("traceIds") else { throw BadParameter("traceIds parameter is empty") }
        var ids: [TraceID] = []
        for part in text.split(separator: ",") {
            let id = try Self.traceID(String(part.trimmingBlanks()))
            if ids.contains(id) { throw BadParameter("traceIds parameter contains duplicate trace ID: \(Self.normalized(id))") }
            ids.append(id)
            guard ids.count <= Self.maximumTraceIDs else { throw BadParameter("traceIds parameter has more than \(Self.maximumTraceIDs) trace IDs") }
        }
        guard ids.count > 1 else { throw BadParameter("Use /api/v2/trace/{traceId} endpoint to retrieve a single trace") }
        let found = try await traces.traces(ids)
        return lists(found.map(\.trace), request, holding: found.flatMap(\.permits))
    }

    /// 1 to 32 hexadecimal digits, zeros on the left left out or not.
    private static func traceID(_ text: String) throws(BadParameter) -> TraceID {
        guard let id = TraceID(hex: text) else { throw BadParameter("\(text) should be a 1 to 32 character lower-hex string with no prefix") }
        return id
    }

    /// As Zipkin writes ids: 16 digits when that is enough.
    private static func normalized(_ id: TraceID) -> String { id.high == 0 ? "\(SpanID(id.low))" : "\(id)" }

    // MARK: Dependencies

    private func dependencies(_ items: QueryItems) async throws -> [UInt8] {
        guard let end = try ZipkinTraceQuery.number(items, "endTs", unit: 1_000_000) else {
            throw BadParameter("Required request parameter 'endTs' is not present")
        }
        let lookback = try ZipkinTraceQuery.number(items, "lookback", unit: 1_000_000) ?? ZipkinTraceQuery.defaultLookback
        let links = Self.lowercased(try await dependencies.links(end: end, lookback: lookback, rules: .zipkin))
        var writer = JSONWriter()
        writer.beginArray()
        for link in links {
            writer.beginObject()
            writer.key("parent")
            writer.string(link.parent)
            writer.key("child")
            writer.string(link.child)
            writer.key("callCount")
            writer.int(link.callCount)
            if link.errorCount > 0 {
                writer.key("errorCount")
                writer.int(link.errorCount)
            }
            writer.endObject()
        }
        writer.endArray()
        return writer.finish()
    }

    /// Zipkin's names are all lower case; those that become equal count together.
    private static func lowercased(_ links: [DependencyLink]) -> [DependencyLink] {
        var merged: [[String]: DependencyLink] = [:]
        for link in links {
            let (parent, child) = (link.parent.lowercased(), link.child.lowercased())
            merged[[parent, child], default: DependencyLink(parent: parent, child: child, callCount: 0)].callCount += link.callCount
            merged[[parent, child]]?.errorCount += link.errorCount
        }
        return merged.values.sorted { ($0.parent, $0.child) < ($1.parent, $1.child) }
    }
}
