internal import PrometheusMetrics
internal import TraceModel

/// Finds the requests between services by pairing spans of clients with those of servers: Tempo's processor `service-graphs`.
/// Pure: time is an argument.
///
/// A client's or producer's span and the server's or consumer's span below it are the two halves of an edge, in any order; an edge
/// is counted when both are known. A client's span with an attribute of a database is an edge by itself. A server's span without a
/// parent is one with the client `user`: it is counted at once, since no client's span can ever come for it. A half that stays alone
/// for `wait` seconds is counted with a virtual node when it names its peer, and as unpaired otherwise.
struct ServiceGraphProcessor: Sendable {
    /// What a client is called that sent no span, and has no name.
    static let user = "user"

    struct Counters: Hashable, Sendable {
        /// Edges that were begun.
        var edges: UInt64 = 0
        /// Edges whose time was up before their other half came.
        var expired: UInt64 = 0
        var dropped: UInt64 = 0
    }

    private enum Name {
        static let peerService = "peer.service"
        static let serverAddress = "server.address"
        static let peerAddress = "network.peer.address"
        static let peerPort = "network.peer.port"
    }

    private let settings: MetricsGenerator.ServiceGraphs
    private let registry: MetricsGenerator.Registry
    private let weight: SpanWeight
    private let wait: UInt64
    /// Of database attributes, then peer attributes, then the names of addresses.
    private let finder: AttributeFinder
    private let seriesPerEdge: Int

    private(set) var counters = Counters()
    private var waiting: WaitingEdges
    private var index = SeriesIndex()
    private var requests: [Double] = []
    private var failures: [Double] = []
    private var serverSeconds: HistogramBank
    private var clientSeconds: HistogramBank
    private var messagingSeconds: HistogramBank
    private var updated: [UInt64] = []
    private var unpaired: [SeriesKey: (count: UInt64, updated: UInt64)] = [:]
    private var dropped: [SeriesKey: (count: UInt64, updated: UInt64)] = [:]

    init(_ settings: MetricsGenerator.ServiceGraphs, registry: MetricsGenerator.Registry) {
        self.settings = settings
        self.registry = registry
        weight = SpanWeight(key: settings.spanMultiplierKey, usesTraceState: settings.enableTraceStateSpanMultiplier)
        wait = GeneratorTime.nanoseconds(settings.wait)
        finder = AttributeFinder(
            settings.databaseNameAttributes + settings.peerAttributes + [Name.peerService, Name.serverAddress, Name.peerAddress, Name.peerPort]
        )
        waiting = WaitingEdges(maximumCount: settings.maxItems)
        serverSeconds = HistogramBank(bounds: settings.histogramBuckets)
        clientSeconds = HistogramBank(bounds: settings.histogramBuckets)
        messagingSeconds = HistogramBank(bounds: settings.histogramBuckets)
        let histograms = settings.enableMessagingSystemLatencyHistogram ? 3 : 2
        seriesPerEdge = 2 + histograms * serverSeconds.seriesPerHistogram + (settings.enableConnectionInfo ? 1 : 0)
    }

    /// Halves that wait now.
    var waitingCount: Int { waiting.count }

    // MARK: Spans

    /// The name that a resource's spans are counted under; `nil` without `service.name`, which makes no edges.
    func service(_ resource: Resource) -> String? {
        guard case .string(let name)? = resource.attributes["service.name"], !name.isEmpty else { return nil }
        return LabelText.cut(name, registry.maxLabelValueLength)
    }

    @inline(__always)
    mutating func add(
        _ span: UnsafePointer<Span>, service: String, of resource: Resource, _ time: GeneratorTime, _ budget: inout SeriesBudget
    ) {
        switch span.pointee.kind {
        case .client: addClient(span, service, resource, .plain, time, &budget)
        case .producer: addClient(span, service, resource, .messagingSystem, time, &budget)
        case .server: addServer(span, service, resource, .plain, time, &budget)
        case .consumer: addServer(span, service, resource, .messagingSystem, time, &budget)
        case .unspecified, .internal: break
        }
    }

    private mutating func addClient(
        _ span: UnsafePointer<Span>, _ service: String, _ resource: Resource, _ type: ConnectionType, _ time: GeneratorTime,
        _ budget: inout SeriesBudget
    ) {
        let found = finder.find(span.pointee.attributes)
        let key = ServiceEdgeKey(traceID: span.pointee.traceID, clientSpanID: span.pointee.spanID)
        let weight = self.weight.weight(span, resource)
        let dimensions = self.dimensions(span, resource)
        let database = span.pointee.kind == .client ? databaseName(span, resource, found) : nil
        let peer = found.flatMap { peerName(span, $0) } ?? ""
        let outcome = waiting.add(key, deadline: time.monotonic &+ wait) { edge in
            edge.client = service
            edge.clientDuration = span.pointee.duration
            edge.clientEnd = span.pointee.endTime
            edge.clientDimensions = dimensions
            edge.peer = peer
            edge.weight = weight
            if span.pointee.status.code == .error { edge.hasFailed = true }
            if type != .plain { edge.connectionType = type }
            if let database, edge.server.isEmpty {
                edge.connectionType = .database
                edge.server = database
                edge.serverDuration = span.pointee.duration
            }
        }
        finish(outcome, client: service, server: "", type, time, &budget)
    }

    private mutating func addServer(
        _ span: UnsafePointer<Span>, _ service: String, _ resource: Resource, _ type: ConnectionType, _ time: GeneratorTime,
        _ budget: inout SeriesBudget
    ) {
        let weight = self.weight.weight(span, resource)
        let dimensions = self.dimensions(span, resource)
        func update(_ edge: inout ServiceEdge) {
            edge.server = service
            edge.serverDuration = span.pointee.duration
            edge.serverStart = span.pointee.startTime
            edge.serverDimensions = dimensions
            edge.weight = weight
            if span.pointee.status.code == .error { edge.hasFailed = true }
            if type != .plain { edge.connectionType = type }
        }
        guard let parent = span.pointee.parentSpanID, parent.isValid else {
            var edge = ServiceEdge(traceID: span.pointee.traceID)
            update(&edge)
            edge.client = finder.find(span.pointee.attributes).flatMap { peerName(span, $0) } ?? Self.user
            edge.connectionType = .virtualNode
            edge.virtualNode = .client
            counters.edges += 1
            count(edge, time, &budget)
            return
        }
        let outcome = waiting.add(
            ServiceEdgeKey(traceID: span.pointee.traceID, clientSpanID: parent), deadline: time.monotonic &+ wait, update
        )
        finish(outcome, client: "", server: service, type, time, &budget)
    }

    private mutating func finish(
        _ outcome: WaitingEdges.Outcome, client: String, server: String, _ type: ConnectionType, _ time: GeneratorTime, _ budget: inout SeriesBudget
    ) {
        switch outcome {
        case .waits: break
        case .complete(let edge):
            counters.edges += 1
            count(edge, time, &budget)
        case .full:
            counters.dropped += 1
            Self.count(&dropped, SeriesKey(first: client, second: server, third: type.rawValue, fourth: 0, extra: []), time, &budget)
        }
    }

    /// Ends the waits that are over.
    mutating func expire(_ time: GeneratorTime, _ budget: inout SeriesBudget) {
        while var edge = waiting.expire(at: time.monotonic) {
            counters.edges += 1
            counters.expired += 1
            if !edge.client.isEmpty, !edge.peer.isEmpty {
                edge.server = edge.peer
                edge.connectionType = .virtualNode
                edge.virtualNode = .server
                count(edge, time, &budget)
            } else {
                let key = SeriesKey(first: edge.client, second: edge.server, third: edge.connectionType.rawValue, fourth: 0, extra: [])
                Self.count(&unpaired, key, time, &budget)
            }
        }
    }

    // MARK: Names

    private func dimensions(_ span: UnsafePointer<Span>, _ resource: Resource) -> [String] {
        if settings.dimensions.isEmpty { return [] }
        return settings.dimensions.map { key in
            (resource.attributes[key] ?? span.pointee.attributes[key]).map { LabelText.cut(LabelText.value($0), registry.maxLabelValueLength) } ?? ""
        }
    }

    /// The first of the peer attributes.
    private func peerName(_ span: UnsafePointer<Span>, _ found: [Int]) -> String? {
        let start = settings.databaseNameAttributes.count
        return (start..<(start + settings.peerAttributes.count)).lazy.compactMap { text(span, found[$0]) }.first
    }

    /// What a database is called; `nil` when the span is no request to one.
    private func databaseName(_ span: UnsafePointer<Span>, _ resource: Resource, _ found: [Int]?) -> String? {
        guard let found else { return nil }
        guard let database = (0..<settings.databaseNameAttributes.count).lazy.compactMap({ text(span, found[$0]) }).first else { return nil }
        let names = settings.databaseNameAttributes.count + settings.peerAttributes.count
        if let name = text(span, found[names]) ?? text(span, found[names + 1]) { return name }
        guard let address = text(span, found[names + 2]) else { return database }
        return text(span, found[names + 3]).map { "\(address):\($0)" } ?? address
    }

    private func text(_ span: UnsafePointer<Span>, _ place: Int) -> String? {
        guard place >= 0 else { return nil }
        let text = LabelText.cut(LabelText.value(span.pointee.attributes[place].value), registry.maxLabelValueLength)
        return text.isEmpty ? nil : text
    }

    // MARK: Counting

    private mutating func count(_ edge: ServiceEdge, _ time: GeneratorTime, _ budget: inout SeriesBudget) {
        let series = self.series(edge, &budget)
        requests[series] += edge.weight
        if edge.hasFailed { failures[series] += edge.weight }
        serverSeconds.observe(series, Double(edge.serverDuration) / 1e9, weight: edge.weight, traceID: edge.traceID, time: time.wall)
        clientSeconds.observe(series, Double(edge.clientDuration) / 1e9, weight: edge.weight, traceID: edge.traceID, time: time.wall)
        if settings.enableMessagingSystemLatencyHistogram, edge.connectionType == .messagingSystem, edge.serverStart > edge.clientEnd {
            let seconds = Double(edge.serverStart - edge.clientEnd) / 1e9
            messagingSeconds.observe(series, seconds, weight: edge.weight, traceID: edge.traceID, time: time.wall)
        }
        updated[series] = time.monotonic
    }

    private mutating func series(_ edge: ServiceEdge, _ budget: inout SeriesBudget) -> Int {
        let extra = extra(edge)
        let node = settings.enableVirtualNodeLabel ? edge.virtualNode.rawValue : 0
        let type = edge.connectionType.rawValue
        let hash = SeriesIndex.hash(firstHash: SeriesIndex.hash(edge.client), second: edge.server, third: type, fourth: node, extra: extra)
        if let known = index.find(hash, first: edge.client, second: edge.server, third: type, fourth: node, extra: extra) { return known }
        if budget.take(seriesPerEdge) {
            return append(hash, SeriesKey(first: edge.client, second: edge.server, third: type, fourth: node, extra: extra))
        }
        budget.overflowed += 1
        return index.overflow ?? append(SeriesIndex.overflowHash, .overflow)
    }

    private mutating func append(_ hash: UInt64, _ key: SeriesKey) -> Int {
        requests.append(0)
        failures.append(0)
        serverSeconds.add()
        clientSeconds.add()
        if settings.enableMessagingSystemLatencyHistogram { messagingSeconds.add() }
        updated.append(0)
        return index.insert(hash, key)
    }

    /// Of a dimension without prefix the server's value counts: it came last in the chain.
    private func extra(_ edge: ServiceEdge) -> [String] {
        if settings.dimensions.isEmpty { return [] }
        func value(_ values: [String], _ place: Int) -> String { place < values.count ? values[place] : "" }
        return settings.dimensions.indices.flatMap { place in
            let client = value(edge.clientDimensions, place)
            let server = value(edge.serverDimensions, place)
            return settings.enableClientServerPrefix ? [client, server] : [server.isEmpty ? client : server]
        }
    }

    private static func count(
        _ counts: inout [SeriesKey: (count: UInt64, updated: UInt64)], _ key: SeriesKey, _ time: GeneratorTime, _ budget: inout SeriesBudget
    ) {
        var key = key
        if counts[key] == nil, !budget.take(1) {
            budget.overflowed += 1
            key = .overflow
        }
        counts[key, default: (0, 0)].count += 1
        counts[key]?.updated = time.monotonic
    }

    // MARK: Forgetting

    /// Drops series that got nothing since.
    mutating func forget(before deadline: UInt64, _ budget: inout SeriesBudget) {
        for key in unpaired.filter({ $0.value.updated < deadline }).keys {
            unpaired[key] = nil
            if !key.isOverflow { budget.give(back: 1) }
        }
        for key in dropped.filter({ $0.value.updated < deadline }).keys {
            dropped[key] = nil
            if !key.isOverflow { budget.give(back: 1) }
        }
        let kept = updated.indices.filter { updated[$0] >= deadline }
        guard kept.count < updated.count else { return }
        let gone = updated.indices.count { updated[$0] < deadline && !index.keys[$0].isOverflow }
        budget.give(back: gone * seriesPerEdge)
        index.keep(kept)
        requests = kept.map { requests[$0] }
        failures = kept.map { failures[$0] }
        updated = kept.map { updated[$0] }
        serverSeconds.keep(kept)
        clientSeconds.keep(kept)
        if settings.enableMessagingSystemLatencyHistogram { messagingSeconds.keep(kept) }
    }

    // MARK: Showing

    func families() -> [MetricFamily] {
        let labels = index.keys.map { self.labels($0) }
        func family(_ name: String, _ kind: MetricFamily.Kind, _ help: String, _ value: (Int) -> MetricFamily.Point.Value) -> MetricFamily {
            MetricFamily("traces_service_graph_" + name, kind, help: help, points: labels.indices.map { .init(labels[$0], value($0)) })
        }
        func counts(_ name: String, _ help: String, _ counts: [SeriesKey: (count: UInt64, updated: UInt64)]) -> MetricFamily {
            let points = counts.sorted { ($0.key.first, $0.key.second, $0.key.third) < ($1.key.first, $1.key.second, $1.key.third) }
                .map { MetricFamily.Point(self.labels($0.key, withDimensions: false), .integer($0.value.count)) }
            return MetricFamily("traces_service_graph_" + name, .counter, help: help, points: points)
        }
        var families = [
            family("request", .counter, "Requests between two services") { .number(requests[$0]) },
            family("request_failed", .counter, "Requests between two services that failed on either side") { .number(failures[$0]) },
            family("request_server_seconds", .histogram, "Duration of requests as the server saw it") { .histogram(serverSeconds.snapshot($0)) },
            family("request_client_seconds", .histogram, "Duration of requests as the client saw it") { .histogram(clientSeconds.snapshot($0)) },
        ]
        if settings.enableMessagingSystemLatencyHistogram {
            families.append(
                family("request_messaging_system_seconds", .histogram, "Time of messages between producer and consumer") {
                    .histogram(messagingSeconds.snapshot($0))
                }
            )
        }
        if settings.enableConnectionInfo {
            families.append(family("connection_info", .gauge, "Connections between two services") { _ in .integer(1) })
        }
        families.append(counts("unpaired_spans", "Spans whose other half did not come in time", unpaired))
        families.append(counts("dropped_spans", "Spans that found no room to wait for their other half", dropped))
        return families
    }

    private func labels(_ key: SeriesKey, withDimensions: Bool = true) -> MetricLabels {
        var pairs = registry.externalLabels.map { (MetricName.label($0.key), $0.value) }
        if key.isOverflow { return MetricLabels(fitted: pairs + [("metric_overflow", "true")]) }
        pairs += [("client", key.first), ("server", key.second), ("connection_type", ConnectionType(rawValue: key.third)?.label ?? "")]
        guard withDimensions else { return MetricLabels(fitted: pairs) }
        if settings.enableVirtualNodeLabel { pairs.append(("virtual_node", VirtualNode(rawValue: key.fourth)?.label ?? "")) }
        let names = settings.dimensions.flatMap { settings.enableClientServerPrefix ? ["client_" + $0, "server_" + $0] : [$0] }
        let taken: Set<String> = ["client", "server", "connection_type", "virtual_node"]
        pairs += zip(names.map { LabelText.name($0, taken: taken, maximumLength: registry.maxLabelNameLength) }, key.extra)
        return MetricLabels(fitted: pairs)
    }
}
