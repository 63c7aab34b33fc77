internal import Hummingbird
internal import JSONCoding
internal import TraceModel
internal import TraceQuery
internal import TraceStore
internal import TraceWire

/// The names and values of attributes: `/api/search/tags`, `/api/search/tag/{tag}/values`, and both under `/api/v2`.
struct TempoTags: Sendable {
    static let defaultLimit = 5000
    static let maximumLimit = 100_000
    /// Traces looked at for a question that comes with a filter.
    private static let filteredTraces = 1000
    private static let filteredSpansPerTrace = 100
    /// Spans looked at for intrinsics that no index has.
    private static let scannedSpans = 1_000_000

    let traces: TraceSource
    /// Nanoseconds since the Unix epoch.
    let clock: @Sendable () -> UInt64

    private var store: any TraceStore { traces.store }

    // MARK: Names

    /// Version 1: names of all scopes in one list.
    func names(_ request: APIRequest) async throws -> Response {
        let scope = try Scope(request.items)
        var names: Set<String> = []
        for (_, tags) in try await tags(request.items, scope) { names.formUnion(tags) }
        return reply("tagNames", request) { writer in
            writer.beginArray()
            for name in names.sorted() { writer.string(name) }
            writer.endArray()
        }
    }

    func scopedNames(_ request: APIRequest) async throws -> Response {
        let scope = try Scope(request.items)
        let scopes = try await tags(request.items, scope)
        return reply("scopes", request) { writer in
            writer.beginArray()
            for (name, tags) in scopes {
                writer.beginObject()
                writer.key("name")
                writer.string(name)
                writer.key("tags")
                writer.beginArray()
                for tag in tags { writer.string(tag) }
                writer.endArray()
                writer.endObject()
            }
            writer.endArray()
        }
    }

    private enum Scope {
        case all
        case intrinsic
        case one(AttributeScope)

        init(_ items: QueryItems) throws(BadParameter) {
            switch items.nonEmpty("scope") {
            case nil, "none": self = .all
            case "intrinsic": self = .intrinsic
            case let text?:
                guard let scope = AttributeScope(rawValue: text) else { throw BadParameter("invalid scope: \(text)") }
                self = .one(scope)
            }
        }
    }

    private func tags(_ items: QueryItems, _ scope: Scope) async throws -> [(name: String, tags: [String])] {
        let window = try TempoParameters.window(items)
        let limit = try TempoParameters.count(items, "limit", default: Self.defaultLimit, maximum: .max)
        var wanted: AttributeScope?
        switch scope {
        case .intrinsic: return [("intrinsic", TempoTagName.intrinsics)]
        case .one(let one): wanted = one
        case .all: break
        }
        let keys: [AttributeKey]
        if let filter = TempoTagFilter(items.nonEmpty("q") ?? "") {
            keys = try await filteredKeys(filter, window).filter { wanted == nil || $0.scope == wanted }
        } else {
            keys = try await store.attributeKeys(scope: wanted, startTime: window, limit: min(limit, Self.maximumLimit))
        }
        var result: [(name: String, tags: [String])] = []
        // In the order of Tempo's own answers.
        for scope in [AttributeScope.resource, .span, .event, .link, .instrumentation] {
            let tags = keys.filter { $0.scope == scope }.prefix(limit).map(\.name)
            if !tags.isEmpty { result.append((scope.rawValue, tags)) }
        }
        if case .all = scope { result.append(("intrinsic", TempoTagName.intrinsics)) }
        return result
    }

    /// The keys of the spans that a filter selects, sorted.
    private func filteredKeys(_ filter: TempoTagFilter, _ window: ClosedRange<UInt64>) async throws -> [AttributeKey] {
        let options = TraceQLSearchOptions(startTime: window, limit: Self.filteredTraces / 10, spansPerSpanSet: Self.filteredSpansPerTrace)
        let found = try await filter.query.search(store, options)
        var keys: Set<AttributeKey> = []
        func add(_ attributes: [Attribute], _ scope: AttributeScope) {
            for attribute in attributes { keys.insert(AttributeKey(scope: scope, name: attribute.key)) }
        }
        for result in found.traces {
            let ids = Set(result.spanSets.flatMap(\.spans).map(\.spanID))
            guard let trace = try await traces.trace(result.traceID) else { continue }
            for group in trace.batch.resourceSpans {
                for scopeSpans in group.scopeSpans {
                    for span in scopeSpans.spans where ids.contains(span.spanID) {
                        add(group.resource.attributes, .resource)
                        add(scopeSpans.scope.attributes, .instrumentation)
                        add(span.attributes, .span)
                        for event in span.events { add(event.attributes, .event) }
                        for link in span.links { add(link.attributes, .link) }
                    }
                }
            }
        }
        return keys.sorted { $0.name < $1.name }
    }

    // MARK: Values

    /// Version 1: values as text, of names without a scope.
    func values(_ request: APIRequest) async throws -> Response {
        let values = try await values(TempoTagName(unscoped: request[0]), request.items)
        return reply("tagValues", request) { writer in
            writer.beginArray()
            var seen: Set<String> = []
            for value in values where seen.insert(value.text).inserted { writer.string(value.text) }
            writer.endArray()
        }
    }

    /// Version 2: values with their types, of names with a scope.
    func typedValues(_ request: APIRequest) async throws -> Response {
        let values = try await values(try TempoTagName(scoped: request[0]), request.items)
        return reply("tagValues", request) { writer in
            writer.beginArray()
            for value in values {
                writer.beginObject()
                writer.key("type")
                writer.string(value.type)
                writer.key("value")
                writer.string(value.text)
                writer.endObject()
            }
            writer.endArray()
        }
    }

    private func values(_ name: TempoTagName, _ items: QueryItems) async throws -> [TempoTagValue] {
        let window = try TempoParameters.window(items)
        let limit = min(try TempoParameters.count(items, "limit", default: Self.defaultLimit, maximum: .max), Self.maximumLimit)
        let filter = TempoTagFilter(items.nonEmpty("q") ?? "")
        let found: [TempoTagValue]
        switch name {
        case .intrinsic("status"), .intrinsic("span:status"): found = ["error", "ok", "unset"].map(TempoTagValue.keyword)
        case .intrinsic("kind"), .intrinsic("span:kind"):
            found = ["client", "consumer", "internal", "producer", "server", "unspecified"].map(TempoTagValue.keyword)
        case .intrinsic(let intrinsic) where intrinsic.lowercased().contains("duration") || intrinsic == "event:timeSinceStart":
            // Numbers without end: nobody chooses one from a list.
            found = []
        default:
            if let filter {
                found = try await filteredValues(name, filter, window)
            } else if case .attribute(let key) = name {
                found = try await attributeValues(key, window, limit)
            } else {
                found = try await intrinsicValues(name.traceQL, window)
            }
        }
        return Array(found.prefix(limit))
    }

    private func attributeValues(_ key: AttributeKey, _ window: ClosedRange<UInt64>, _ limit: Int) async throws -> [TempoTagValue] {
        var values: Set<TempoTagValue> = []
        for found in try await store.attributeValues(key, startTime: window, limit: limit) { values.formUnion(TempoTagValue.values(of: found.value)) }
        return values.sorted()
    }

    /// Of the spans that a filter selects: the query itself gathers the values.
    private func filteredValues(_ name: TempoTagName, _ filter: TempoTagFilter, _ window: ClosedRange<UInt64>) async throws -> [TempoTagValue] {
        let options = TraceQLSearchOptions(startTime: window, limit: Self.filteredTraces, spansPerSpanSet: Self.filteredSpansPerTrace)
        let result = try await TraceQLQuery("\(filter.text) | select(\(name.traceQL))").search(store, options)
        var values: Set<TempoTagValue> = []
        for trace in result.traces {
            for span in trace.spanSets.flatMap(\.spans) {
                if name.resultKey == "name", let text = span.name { values.insert(TempoTagValue(type: "string", text: text)) }
                for attribute in span.attributes where attribute.key == name.resultKey {
                    if let value = attribute.value { values.formUnion(TempoTagValue.values(of: value)) }
                }
            }
        }
        return values.sorted()
    }

    /// Names, messages and roots, gathered from the spans.
    private func intrinsicValues(_ name: String, _ window: ClosedRange<UInt64>) async throws -> [TempoTagValue] {
        var selection = SpanSelection(startTime: window)
        var projection = SpanProjection.bare
        switch name {
        case "rootName", "trace:rootName", "rootServiceName", "trace:rootService": selection.anyOf = [[.isRoot]]
        case "event:name": projection.events = true
        default: break
        }
        let gathered = try await store.scanSpans(selection, projection: projection, into: (texts: Set<String>(), count: 0)) { state, batch in
            for group in batch.resourceSpans {
                for scopeSpans in group.scopeSpans {
                    for span in scopeSpans.spans where window.contains(span.startTime) {
                        state.count += 1
                        Self.insert(name, of: span, group.resource, scopeSpans.scope, into: &state.texts)
                    }
                }
            }
            return state.count < Self.scannedSpans && state.texts.count < Self.maximumLimit ? .more : .stop
        }
        return gathered.texts.filter { !$0.isEmpty }.sorted().map { TempoTagValue(type: "string", text: $0) }
    }

    private static func insert(_ name: String, of span: Span, _ resource: Resource, _ scope: InstrumentationScope, into texts: inout Set<String>) {
        switch name {
        case "name", "span:name": texts.insert(span.name)
        case "statusMessage", "span:statusMessage": texts.insert(span.status.message)
        case "rootName", "trace:rootName": if span.parentSpanID == nil { texts.insert(span.name) }
        case "rootServiceName", "trace:rootService": if span.parentSpanID == nil { texts.insert(resource.serviceName) }
        case "event:name": for event in span.events { texts.insert(event.name) }
        case "instrumentation:name": texts.insert(scope.name)
        case "instrumentation:version": texts.insert(scope.version)
        default: break
        }
    }

    private func reply(_ key: StaticString, _ request: APIRequest, _ write: (inout JSONWriter) -> Void) -> Response {
        var writer = JSONWriter(reserving: 1024)
        writer.beginObject()
        writer.key(key)
        write(&writer)
        writer.key("metrics")
        writer.beginObject()
        writer.endObject()
        writer.endObject()
        return Answer.json(writer.finish(), for: request.head)
    }
}

/// A value of a tag with its type in TraceQL.
struct TempoTagValue: Hashable, Comparable {
    var type: String
    var text: String

    static func keyword(_ text: String) -> TempoTagValue { TempoTagValue(type: "keyword", text: text) }

    /// The value; of a list its elements.
    static func values(of value: AttributeValue) -> [TempoTagValue] {
        switch value {
        case .string(let text): [TempoTagValue(type: "string", text: text)]
        case .bool(let flag): [TempoTagValue(type: "bool", text: flag ? "true" : "false")]
        case .int(let number): [TempoTagValue(type: "int", text: String(number))]
        case .double: [TempoTagValue(type: "float", text: value.searchText)]
        case .array(let elements): elements.flatMap(values(of:))
        case .bytes, .keyValueList: [TempoTagValue(type: "string", text: value.displayText)]
        case .empty: []
        }
    }

    static func < (left: TempoTagValue, right: TempoTagValue) -> Bool {
        if left.type == right.type, let first = Double(left.text), let second = Double(right.text), first != second { return first < second }
        return (left.type, left.text) < (right.type, right.text)
    }
}
