internal import JSONCoding
internal import TraceModel
internal import TraceQuery
internal import TraceStore

/// `GET /api/ui/keys` and `/api/ui/values`: what can be typed next, with weighted counts of traces.
struct CompletionAPI: Sendable {
    static let maximumResults = 200
    /// Keys and values are looked at in the store; a prefix filters those.
    static let maximumLookedAt = 5_000

    let windows: WindowAPI

    var store: any TraceStore { windows.store }

    func keys(_ items: QueryItems) async throws -> [UInt8] {
        let question = try await windows.question(items)
        let typed = (items["prefix"] ?? "").lowercased()
        let limit = try WindowRequest.integer(items, "rows", 1...Self.maximumResults) ?? 50
        let features = question.features
        let attributes = try await store.attributeKeys(scope: nil, startTime: question.request.startTime, limit: Self.maximumLookedAt)
        let fields = Self.matching(FeatureTable.filterFields, typed) { $0 }
        var seen = Set(FeatureTable.filterFields)
        let names = Self.matching(attributes.filter { seen.insert($0.name).inserted }, typed) { $0.name }
        let counts = features.weightedCounts(ofKeys: names.map(\.name))
        // Fields stand first, in their order; attributes by how many traces have them.
        let ranked = zip(names, counts).sorted { ($1.1, $0.0.name) < ($0.1, $1.0.name) }
        let offered = fields.map { ($0, "field", features.weightedCount(ofField: $0)) } + ranked.map { ($0.0.name, $0.0.scope?.rawValue ?? "span", $0.1) }
        return JSONWriter.document { writer in
            writer.array("keys", offered.prefix(limit)) { writer, key in
                writer.object {
                    $0.field("key", key.0)
                    $0.field("kind", key.1)
                    if key.1 == "field", TraceFilter.isCompared(key.0) { $0.field("type", "number") }
                    if key.2 > 0 { $0.field("n", key.2) }
                }
            }
        }
    }

    func values(_ items: QueryItems) async throws -> [UInt8] {
        guard let key = items.nonEmpty("key") else { throw BadParameter("parameter 'key' is required, as in key=model") }
        let question = try await windows.question(items)
        let box = try WindowAPI.box(items)
        let typed = (items["prefix"] ?? "").lowercased()
        let limit = try WindowRequest.integer(items, "rows", 1...Self.maximumResults) ?? 50
        let features = question.features
        var counts = features.weightedValues(of: key) { question.isIncluded[$0] && WindowAPI.isIn(box, $0, features) }
        if counts.isEmpty, question.request.query.isEmpty, !FeatureTable.filterFields.contains(key) {
            // Of a key that is not kept for each trace the store knows the values, and how many spans have them.
            let found = try await store.attributeValues(AttributeKey(scope: nil, name: key), startTime: question.request.startTime, limit: Self.maximumLookedAt)
            counts = found.map { ($0.value.searchText, Double($0.count)) }
        }
        counts = Self.matching(counts, typed) { $0.value }
        return JSONWriter.document { writer in
            writer.array("values", counts.prefix(limit)) { writer, value in
                writer.object {
                    $0.field("value", value.value)
                    if value.count > 0 { $0.field("n", value.count) }
                }
            }
        }
    }

    /// What begins with the text, before what has it further behind.
    static func matching<Element>(_ elements: [Element], _ typed: String, _ name: (Element) -> String) -> [Element] {
        if typed.isEmpty { return elements }
        var (begins, holds): ([Element], [Element]) = ([], [])
        for element in elements {
            let text = name(element).lowercased()
            if text.hasPrefix(typed) { begins.append(element) } else if text.contains(typed) { holds.append(element) }
        }
        return begins + holds
    }
}
