internal import JSONCoding
internal import TraceModel
internal import TraceQuery
internal import TraceStore

/// `GET /api/ui/complete`: what can be typed next in TraceQL, with how many traces have it.
extension CompletionAPI {
    /// One thing that can be typed.
    private struct Offer {
        var text: String
        /// What stands in the query for it.
        var insert: String
        var kind: String
        var count = 0.0
    }

    func traceQL(_ items: QueryItems) async throws -> [UInt8] {
        let text = items["text"] ?? ""
        let cursor = try WindowRequest.integer(items, "cursor", 0...Int.max) ?? text.unicodeScalars.count
        let limit = try WindowRequest.integer(items, "rows", 1...Self.maximumResults) ?? 50
        let completion = TraceQLCompletion(text, cursor: cursor)
        let question = try await windows.question(items)
        var offers = completion.suggestions.map { Offer(text: $0, insert: completion.lead + Self.inserted($0), kind: $0.hasSuffix(".") ? "scope" : Self.kind(completion.expectation)) }
        switch completion.expectation {
        case .field where !completion.prefix.isEmpty, .attributeName: offers += try await names(completion, question)
        case .value: offers += try await values(completion, question)
        default: break
        }
        return JSONWriter.document { writer in
            writer.field("expects", completion.expectation.rawValue)
            writer.field("start", completion.start)
            writer.array("items", offers.prefix(limit)) { writer, offer in
                writer.object {
                    $0.field("text", offer.text)
                    $0.field("insert", offer.insert)
                    $0.field("kind", offer.kind)
                    if offer.count > 0 { $0.field("n", offer.count) }
                }
            }
        }
    }

    private static func kind(_ expectation: TraceQLCompletion.Expectation) -> String {
        switch expectation {
        case .field, .attributeName: "intrinsic"
        case .value: "value"
        case .query, .comparison, .connective, .spansetOperator, .stage: "syntax"
        }
    }

    /// A word with the space after it, but where it goes on at once.
    private static func inserted(_ word: String) -> String {
        word.hasSuffix(".") || word.hasSuffix("(") || word.hasSuffix(" ") ? word : word + " "
    }

    // MARK: Names

    /// Attributes: those of a scope that was typed, else of all of them, with the scope before the name.
    private func names(_ completion: TraceQLCompletion, _ question: WindowAPI.Question) async throws -> [Offer] {
        let scope = completion.scope.flatMap(AttributeScope.init(rawValue:))
        if completion.scope != nil, scope == nil { return [] }
        let known = try await store.attributeKeys(scope: scope, startTime: question.request.startTime, limit: Self.maximumLookedAt)
        var keys = Self.matching(known, completion.prefix.lowercased()) { $0.name }
        if completion.expectation == .attributeName, scope == nil {
            // A name after a bare dot is looked for on spans and resources.
            var seen: Set<String> = []
            keys = keys.filter { ($0.scope == .span || $0.scope == .resource) && seen.insert($0.name).inserted }
        }
        let counts = question.features.weightedCounts(ofKeys: keys.map(\.name))
        return zip(keys, counts).sorted { ($1.1, $0.0.name) < ($0.1, $1.0.name) }.map { key, count in
            let name = String(TempoTagName.attribute(key.name).dropFirst())
            let isNamed = completion.expectation == .attributeName
            let full = isNamed ? name : "\(key.scope?.rawValue ?? "")." + name
            return Offer(text: full, insert: full + " ", kind: isNamed ? completion.scope ?? "attribute" : "attribute", count: count)
        }
    }

    // MARK: Values

    private func values(_ completion: TraceQLCompletion, _ question: WindowAPI.Question) async throws -> [Offer] {
        guard let field = completion.field else { return [] }
        var found: [(value: AttributeValue, count: Double)] = []
        let features = question.features
        switch field {
        case "name", "span:name": found = features.weightedValues(of: "name") { question.isIncluded[$0] }.map { (.string($0.value), $0.count) }
        case "rootName", "trace:rootName": found = features.weightedValues(of: "root") { question.isIncluded[$0] }.map { (.string($0.value), $0.count) }
        case "rootServiceName", "trace:rootService": found = features.weightedValues(of: "rootService") { question.isIncluded[$0] }.map { (.string($0.value), $0.count) }
        default:
            guard case .attribute(let key)? = try? TempoTagName(scoped: field) else { return [] }
            let stored = try await store.attributeValues(key, startTime: question.request.startTime, limit: Self.maximumLookedAt)
            // Traces are counted where they are known by their values, else spans.
            let name = key.name == "service.name" ? "service" : key.scope == .resource ? "resource.\(key.name)" : key.name
            let traces = Dictionary(features.weightedValues(of: name) { question.isIncluded[$0] }.map { ($0.value, $0.count) }) { first, _ in first }
            found = stored.map { ($0.value, traces.isEmpty ? Double($0.count) : traces[$0.value.searchText] ?? 0) }
            found.sort { $0.count > $1.count }
        }
        let typed = completion.prefix.lowercased()
        let isPattern = completion.comparison == "=~" || completion.comparison == "!~"
        return Self.matching(found, typed) { $0.value.searchText }.compactMap { value, count in
            guard let written = isPattern ? Self.pattern(value) : Self.written(value) else { return nil }
            return Offer(text: value.searchText, insert: completion.lead + written + " ", kind: "value", count: count)
        }
    }

    /// A value as a query writes it; `nil` for one that no query can name.
    private static func written(_ value: AttributeValue) -> String? {
        switch value {
        case .bool, .int, .double: value.searchText
        case .string(let text): "\"" + text.flatMap { $0 == "\"" || $0 == "\\" ? ["\\", $0] : $0 == "\n" ? ["\\", "n"] : [$0] } + "\""
        default: nil
        }
    }

    /// A pattern that matches a text and no other; `nil` for a value that is no text, which patterns never match.
    private static func pattern(_ value: AttributeValue) -> String? {
        guard case .string(let text) = value else { return nil }
        return written(.string(String(text.flatMap { #"\.+*?()|[]{}^$"#.contains($0) ? ["\\", $0] : [$0] })))
    }
}
