internal import JSONCoding
internal import TraceModel
internal import TraceQuery
internal import TraceStore

/// `GET /api/ui/keys` and `/api/ui/values`: what can be typed next, with weighted counts.
struct CompletionAPI: Sendable {
    static let maximumResults = 200
    /// Keys and values are looked at in the store; a prefix filters those.
    private static let maximumLookedAt = 5_000

    let store: any TraceStore
    let cache: WindowCache
    let clock: @Sendable () -> UInt64

    /// Fields of the filter, before all attributes.
    static let fields = [
        "service", "operation", "model", "version", "server", "host", "status", "duration", "queue", "infer", "prefill", "decode", "ttft", "itl",
        "batch", "wait", "tokens.in", "tokens.out", "spans", "errors", "cold", "cache", "trace",
    ]

    func keys(_ items: QueryItems) async throws -> [UInt8] {
        let request = try WindowRequest(items, now: clock())
        let prefix = (items["prefix"] ?? "").lowercased()
        let limit = try WindowRequest.integer(items, "rows", 1...Self.maximumResults) ?? 50
        let attributes = try await store.attributeKeys(scope: nil, startTime: request.startTime, limit: Self.maximumLookedAt)
        let fields = Self.fields.filter { $0.hasPrefix(prefix) }
        var seen = Set(Self.fields)
        let names = attributes.filter { $0.name.lowercased().hasPrefix(prefix) && seen.insert($0.name).inserted }
        return JSONWriter.document { writer in
            writer.array("keys", (fields.map { ($0, "field") } + names.map { ($0.name, $0.scope?.rawValue ?? "span") }).prefix(limit)) { writer, key in
                writer.object {
                    $0.field("key", key.0)
                    $0.field("kind", key.1)
                }
            }
        }
    }

    func values(_ items: QueryItems) async throws -> [UInt8] {
        let request = try WindowRequest(items, now: clock())
        guard let key = items.nonEmpty("key") else { throw BadParameter("parameter 'key' is required, as in key=model") }
        let prefix = (items["prefix"] ?? "").lowercased()
        let limit = try WindowRequest.integer(items, "rows", 1...Self.maximumResults) ?? 50
        var counts: [(value: String, count: Double)]
        switch key {
        case "status": counts = [("error", 0), ("ok", 0)]
        case "cold": counts = [("true", 0), ("false", 0)]
        case "cache": counts = [("hit", 0), ("miss", 0)]
        case "service", "operation", "model", "version", "server", "host":
            counts = try await facts(key, request)
        default:
            let found = try await store.attributeValues(AttributeKey(scope: nil, name: key), startTime: request.startTime, limit: Self.maximumLookedAt)
            counts = found.map { ($0.value.searchText, Double($0.count)) }
        }
        counts = counts.filter { !$0.value.isEmpty && $0.value.lowercased().hasPrefix(prefix) }
        return JSONWriter.document { writer in
            writer.array("values", counts.prefix(limit)) { writer, value in
                writer.object {
                    $0.field("value", value.value)
                    if value.count > 0 { $0.field("n", value.count) }
                }
            }
        }
    }

    /// Facts of traces, by the weight of the traces that have them.
    private func facts(_ key: String, _ request: WindowRequest) async throws -> [(value: String, count: Double)] {
        let features = try await cache.window(request.startTime, limit: request.limit).features
        var counts: [String: Double] = [:]
        for index in 0..<features.count {
            let value =
                switch key {
                case "operation": features.rootName(index)
                case "model": features.model(index)
                case "version": features.version(index)
                case "host": features.host(index)
                case "server": features.service(index)
                default: features.rootService(index)
                }
            counts[value, default: 0] += features.weight(index)
        }
        // Services that are never the root can be looked for, too.
        if key == "service" { for service in try await store.services() where counts[service] == nil { counts[service] = 0 } }
        return counts.map { ($0.key, $0.value) }.sorted { ($1.1, $0.0) < ($0.1, $1.0) }
    }
}
