internal import TraceModel

/// A field of a span and what belongs to it, as in `span.attributes["http.route"]` (OTTL contexts "span", "spanevent", "resource", "scope").
struct ConditionPath: Sendable {
    enum Field: String, CaseIterable, Sendable {
        case traceID = "span.trace_id"
        case traceIDText = "span.trace_id.string"
        case spanID = "span.span_id"
        case spanIDText = "span.span_id.string"
        case parentSpanID = "span.parent_span_id"
        case parentSpanIDText = "span.parent_span_id.string"
        case traceState = "span.trace_state"
        case name = "span.name"
        case kind = "span.kind"
        case kindText = "span.kind.string"
        case startTime = "span.start_time"
        case startTimeNanoseconds = "span.start_time_unix_nano"
        case endTime = "span.end_time"
        case endTimeNanoseconds = "span.end_time_unix_nano"
        case attributes = "span.attributes"
        case droppedAttributes = "span.dropped_attributes_count"
        case droppedEvents = "span.dropped_events_count"
        case droppedLinks = "span.dropped_links_count"
        case flags = "span.flags"
        case statusCode = "span.status.code"
        case statusMessage = "span.status.message"
        case eventName = "spanevent.name"
        case eventTime = "spanevent.time"
        case eventTimeNanoseconds = "spanevent.time_unix_nano"
        case eventAttributes = "spanevent.attributes"
        case eventDroppedAttributes = "spanevent.dropped_attributes_count"
        case resourceAttributes = "resource.attributes"
        case resourceDroppedAttributes = "resource.dropped_attributes_count"
        case resourceSchemaURL = "resource.schema_url"
        case scopeName = "scope.name"
        case scopeVersion = "scope.version"
        case scopeAttributes = "scope.attributes"
        case scopeDroppedAttributes = "scope.dropped_attributes_count"
        case scopeSchemaURL = "scope.schema_url"

        /// What it is part of.
        var level: ConditionContext.Level {
            ConditionContext.Level(rawValue: String(rawValue.prefix { $0 != "." })) ?? .span
        }

        /// Has members, which `["name"]` names.
        var hasKeys: Bool {
            switch self {
            case .attributes, .eventAttributes, .resourceAttributes, .scopeAttributes, .traceState: true
            default: false
            }
        }
    }

    enum Key: Hashable, Sendable {
        case name(String)
        case index(Int)
    }

    var field: Field
    var keys: [Key] = []

    // MARK: Reading

    func value(in context: ConditionContext) -> AttributeValue {
        guard let first = keys.first else { return Self.value(of: field, in: context) }
        guard case .name(let name) = first else { return .empty }
        let value: AttributeValue? =
            switch field {
            case .attributes: context.span.attributes[name]
            case .eventAttributes: context.event?.attributes[name]
            case .resourceAttributes: context.resource.attributes[name]
            case .scopeAttributes: context.scope.attributes[name]
            case .traceState: Self.member(name, of: context.span.traceState).map { .string($0) }
            default: nil
            }
        return keys.dropFirst().reduce(value ?? .empty) { $0.member($1) }
    }

    private static func value(of field: Field, in context: ConditionContext) -> AttributeValue {
        let span = context.span
        switch field {
        case .traceID: return .bytes(bytes(span.traceID))
        case .traceIDText: return .string(span.traceID.description)
        case .spanID: return .bytes(bytes(span.spanID.value))
        case .spanIDText: return .string(span.spanID.description)
        case .parentSpanID: return .bytes(bytes(span.parentSpanID?.value ?? 0))
        case .parentSpanIDText: return .string(span.parentSpanID?.description ?? "")
        case .traceState: return .string(span.traceState)
        case .name: return .string(span.name)
        case .kind: return .int(Int64(span.kind.rawValue))
        case .kindText: return .string(SpanKindName.title(span.kind))
        case .startTime, .startTimeNanoseconds: return .int(Int64(clamping: span.startTime))
        case .endTime, .endTimeNanoseconds: return .int(Int64(clamping: span.endTime))
        case .attributes: return .keyValueList(span.attributes)
        case .droppedAttributes: return .int(Int64(span.droppedAttributesCount))
        case .droppedEvents: return .int(Int64(span.droppedEventsCount))
        case .droppedLinks: return .int(Int64(span.droppedLinksCount))
        case .flags: return .int(Int64(span.flags))
        case .statusCode: return .int(Int64(span.status.code.rawValue))
        case .statusMessage: return .string(span.status.message)
        case .eventName: return context.event.map { .string($0.name) } ?? .empty
        case .eventTime, .eventTimeNanoseconds: return context.event.map { .int(Int64(clamping: $0.time)) } ?? .empty
        case .eventAttributes: return context.event.map { .keyValueList($0.attributes) } ?? .empty
        case .eventDroppedAttributes: return context.event.map { .int(Int64($0.droppedAttributesCount)) } ?? .empty
        case .resourceAttributes: return .keyValueList(context.resource.attributes)
        case .resourceDroppedAttributes: return .int(Int64(context.resource.droppedAttributesCount))
        case .resourceSchemaURL: return .string(context.resourceSchemaURL)
        case .scopeName: return .string(context.scope.name)
        case .scopeVersion: return .string(context.scope.version)
        case .scopeAttributes: return .keyValueList(context.scope.attributes)
        case .scopeDroppedAttributes: return .int(Int64(context.scope.droppedAttributesCount))
        case .scopeSchemaURL: return .string(context.scopeSchemaURL)
        }
    }

    private static func bytes(_ id: TraceID) -> [UInt8] { bytes(id.high) + bytes(id.low) }

    private static func bytes(_ word: UInt64) -> [UInt8] { withUnsafeBytes(of: word.bigEndian) { Array($0) } }

    /// The value of a member of a W3C `tracestate`.
    static func member(_ name: String, of traceState: String) -> String? {
        for member in traceState.split(separator: ",") {
            let member = member.trimmingBlanks()
            guard let equals = member.firstIndex(of: "=") else { continue }
            if member[..<equals] == name { return String(member[member.index(after: equals)...]) }
        }
        return nil
    }

    // MARK: Writing

    /// Changes the field; a value of a type that the field cannot hold changes nothing, as in the Collector.
    func set(_ value: AttributeValue, in context: inout ConditionContext) {
        guard let first = keys.first else { return setField(value, in: &context) }
        guard case .name(let name) = first else { return }
        let rest = Array(keys.dropFirst())
        func change(_ attributes: inout [Attribute]) {
            // OTTL: setting nil changes nothing.
            if case .empty = value { return }
            guard !rest.isEmpty else { return attributes.set(name, value) }
            var inner = attributes[name] ?? .keyValueList([])
            inner.setMember(rest, value)
            attributes.set(name, inner)
        }
        switch field {
        case .attributes: change(&context.span.attributes)
        case .eventAttributes: if context.event != nil { change(&context.event!.attributes) }  // Checked right before.
        case .resourceAttributes: change(&context.resource.attributes)
        case .scopeAttributes: change(&context.scope.attributes)
        default: break
        }
    }

    private func setField(_ value: AttributeValue, in context: inout ConditionContext) {
        switch (field, value) {
        case (.name, .string(let text)): context.span.name = text
        case (.traceState, .string(let text)): context.span.traceState = text
        case (.kind, .int(let number)): if let kind = UInt8(exactly: number).flatMap(SpanKind.init) { context.span.kind = kind }
        case (.kindText, .string(let text)): if let kind = SpanKindName.kind(text) { context.span.kind = kind }
        case (.startTime, .int(let number)), (.startTimeNanoseconds, .int(let number)): context.span.startTime = UInt64(clamping: number)
        case (.endTime, .int(let number)), (.endTimeNanoseconds, .int(let number)): context.span.endTime = UInt64(clamping: number)
        case (.attributes, .keyValueList(let list)): context.span.attributes = list
        case (.droppedAttributes, .int(let number)): context.span.droppedAttributesCount = UInt32(clamping: number)
        case (.droppedEvents, .int(let number)): context.span.droppedEventsCount = UInt32(clamping: number)
        case (.droppedLinks, .int(let number)): context.span.droppedLinksCount = UInt32(clamping: number)
        case (.flags, .int(let number)): context.span.flags = UInt32(clamping: number)
        case (.statusCode, .int(let number)):
            if let code = UInt8(exactly: number).flatMap(SpanStatus.Code.init) { context.span.status.code = code }
        case (.statusMessage, .string(let text)): context.span.status.message = text
        case (.eventName, .string(let text)): context.event?.name = text
        case (.eventTime, .int(let number)), (.eventTimeNanoseconds, .int(let number)): context.event?.time = UInt64(clamping: number)
        case (.eventAttributes, .keyValueList(let list)): context.event?.attributes = list
        case (.eventDroppedAttributes, .int(let number)): context.event?.droppedAttributesCount = UInt32(clamping: number)
        case (.resourceAttributes, .keyValueList(let list)): context.resource.attributes = list
        case (.resourceDroppedAttributes, .int(let number)): context.resource.droppedAttributesCount = UInt32(clamping: number)
        case (.resourceSchemaURL, .string(let text)): context.resourceSchemaURL = text
        case (.scopeName, .string(let text)): context.scope.name = text
        case (.scopeVersion, .string(let text)): context.scope.version = text
        case (.scopeAttributes, .keyValueList(let list)): context.scope.attributes = list
        case (.scopeDroppedAttributes, .int(let number)): context.scope.droppedAttributesCount = UInt32(clamping: number)
        case (.scopeSchemaURL, .string(let text)): context.scopeSchemaURL = text
        default: break
        }
    }
}

extension AttributeValue {
    /// The member of a map, the element of a list; empty when there is none.
    func member(_ key: ConditionPath.Key) -> AttributeValue {
        switch (self, key) {
        case (.keyValueList(let list), .name(let name)): list[name] ?? .empty
        case (.array(let list), .index(let index)): list.indices.contains(index) ? list[index] : .empty
        default: .empty
        }
    }

    fileprivate mutating func setMember(_ keys: [ConditionPath.Key], _ value: AttributeValue) {
        guard let key = keys.first else {
            self = value
            return
        }
        var inner = member(key)
        if keys.count > 1, inner == .empty { inner = .keyValueList([]) }
        inner.setMember(Array(keys.dropFirst()), value)
        switch (self, key) {
        case (.keyValueList(var list), .name(let name)):
            list.set(name, inner)
            self = .keyValueList(list)
        case (.array(var list), .index(let index)) where list.indices.contains(index):
            list[index] = inner
            self = .array(list)
        default: break
        }
    }
}

extension [Attribute] {
    /// Puts a value under a key, in its old place when there is one.
    mutating func set(_ key: String, _ value: AttributeValue) {
        if let index = firstIndex(where: { $0.key == key }) {
            self[index].value = value
        } else {
            append(Attribute(key: key, value: value))
        }
    }
}

/// Names of span kinds in the Collector's settings.
enum SpanKindName {
    static func title(_ kind: SpanKind) -> String {
        switch kind {
        case .unspecified: "Unspecified"
        case .internal: "Internal"
        case .server: "Server"
        case .client: "Client"
        case .producer: "Producer"
        case .consumer: "Consumer"
        }
    }

    /// `Server`, `server` or `SPAN_KIND_SERVER`.
    static func kind(_ text: String) -> SpanKind? {
        let name = text.uppercased()
        let bare = name.hasPrefix("SPAN_KIND_") ? String(name.dropFirst(10)) : name
        return SpanKind.allCases.first { title($0).uppercased() == bare }
    }
}
