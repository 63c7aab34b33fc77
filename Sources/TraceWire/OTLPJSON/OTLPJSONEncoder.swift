internal import JSONCoding
public import TraceModel

/// Writes the model as OTLP's JSON; members with their default value are left out.
struct OTLPJSONEncoder: SpanBatchEncoder {
    var writer: JSONWriter
    let style: OTLPJSON.Style

    init(writer: consuming JSONWriter, style: OTLPJSON.Style = .otlp) {
        self.writer = writer
        self.style = style
    }

    /// A guess at the size of a span, to reserve memory.
    static let expectedSpanSize = 900

    /// `{"resourceSpans":[ResourceSpans]}`
    mutating func begin() {
        writer.beginObject()
        switch style {
        case .otlp, .protobufJSON: writer.key("resourceSpans")
        case .tempo: writer.key("batches")
        }
        writer.beginArray()
    }

    mutating func end() {
        writer.endArray()
        writer.endObject()
    }

    /// `{"resource":Resource,"scopeSpans":[ScopeSpans],"schemaUrl":string}`
    mutating func begin(_ group: ResourceSpans) {
        writer.beginObject()
        resource(group.resource)
        writer.key("scopeSpans")
        writer.beginArray()
    }

    mutating func end(_ group: ResourceSpans) {
        writer.endArray()
        text("schemaUrl", group.schemaURL)
        writer.endObject()
    }

    /// `{"scope":InstrumentationScope,"spans":[Span],"schemaUrl":string}`
    mutating func begin(_ group: ScopeSpans) {
        writer.beginObject()
        scope(group.scope)
        writer.key("spans")
        writer.beginArray()
    }

    mutating func end(_ group: ScopeSpans) {
        writer.endArray()
        text("schemaUrl", group.schemaURL)
        writer.endObject()
    }

    /// `"resource":Resource`
    private mutating func resource(_ resource: Resource) {
        writer.key("resource")
        writer.beginObject()
        attributes(resource.attributes)
        count("droppedAttributesCount", resource.droppedAttributesCount)
        writer.endObject()
    }

    /// `"scope":InstrumentationScope`
    private mutating func scope(_ scope: InstrumentationScope) {
        writer.key("scope")
        writer.beginObject()
        text("name", scope.name)
        text("version", scope.version)
        attributes(scope.attributes)
        count("droppedAttributesCount", scope.droppedAttributesCount)
        writer.endObject()
    }

    /// A span that says itself where it comes from: `{"resource":Resource,"scope":InstrumentationScope,` and the members of `Span`.
    mutating func span(_ span: Span, resource: Resource, scope: InstrumentationScope) {
        writer.beginObject()
        self.resource(resource)
        self.scope(scope)
        members(span)
        writer.endObject()
    }

    mutating func span(_ span: Span) {
        writer.beginObject()
        members(span)
        writer.endObject()
    }

    /// The members of `Span` in the order of their field numbers.
    private mutating func members(_ span: Span) {
        writer.key("traceId")
        id(span.traceID)
        writer.key("spanId")
        id(span.spanID)
        text("traceState", span.traceState)
        if let parent = span.parentSpanID {
            writer.key("parentSpanId")
            id(parent)
        }
        count("flags", span.flags)
        text("name", span.name)
        if span.kind != .unspecified {
            writer.key("kind")
            if style == .otlp { writer.uint(UInt64(span.kind.rawValue)) } else { writer.string(span.kind.protobufName) }
        }
        time("startTimeUnixNano", span.startTime)
        time("endTimeUnixNano", span.endTime)
        attributes(span.attributes)
        count("droppedAttributesCount", span.droppedAttributesCount)
        events(span.events)
        count("droppedEventsCount", span.droppedEventsCount)
        links(span.links)
        count("droppedLinksCount", span.droppedLinksCount)
        writer.key("status")
        writer.beginObject()
        text("message", span.status.message)
        if span.status.code != .unset {
            writer.key("code")
            if style == .otlp { writer.uint(UInt64(span.status.code.rawValue)) } else { writer.string(span.status.code.protobufName) }
        }
        writer.endObject()
    }

    private mutating func events(_ events: [SpanEvent]) {
        if events.isEmpty { return }
        writer.key("events")
        writer.beginArray()
        for event in events {
            writer.beginObject()
            time("timeUnixNano", event.time)
            text("name", event.name)
            attributes(event.attributes)
            count("droppedAttributesCount", event.droppedAttributesCount)
            writer.endObject()
        }
        writer.endArray()
    }

    private mutating func links(_ links: [SpanLink]) {
        if links.isEmpty { return }
        writer.key("links")
        writer.beginArray()
        for link in links {
            writer.beginObject()
            writer.key("traceId")
            id(link.traceID)
            writer.key("spanId")
            id(link.spanID)
            text("traceState", link.traceState)
            attributes(link.attributes)
            count("droppedAttributesCount", link.droppedAttributesCount)
            count("flags", link.flags)
            writer.endObject()
        }
        writer.endArray()
    }

    /// OTLP has hexadecimal digits where protobuf's own JSON has base64.
    private mutating func id(_ id: TraceID) {
        if style == .otlp { writer.hex(id) } else { writer.string(Base64.encode(Self.bytes(id.high) + Self.bytes(id.low))) }
    }

    private mutating func id(_ id: SpanID) {
        if style == .otlp { writer.hex(id) } else { writer.string(Base64.encode(Self.bytes(id.value))) }
    }

    private static func bytes(_ word: UInt64) -> [UInt8] {
        stride(from: 56, through: 0, by: -8).map { UInt8(truncatingIfNeeded: word >> UInt64($0)) }
    }

    // MARK: Members that are left out when they have their default value

    private mutating func text(_ name: StaticString, _ value: String) {
        if value.isEmpty { return }
        writer.key(name)
        writer.string(value)
    }

    private mutating func count(_ name: StaticString, _ value: UInt32) {
        if value == 0 { return }
        writer.key(name)
        writer.uint(UInt64(value))
    }

    private mutating func time(_ name: StaticString, _ value: UInt64) {
        if value == 0 { return }
        writer.key(name)
        writer.quotedUInt(value)
    }

    // MARK: Attributes

    private mutating func attributes(_ attributes: [Attribute]) {
        if attributes.isEmpty { return }
        writer.key("attributes")
        keyValues(attributes)
    }

    /// `[{"key":string,"value":AnyValue}]`
    private mutating func keyValues(_ attributes: [Attribute]) {
        writer.beginArray()
        for attribute in attributes {
            writer.beginObject()
            writer.key("key")
            writer.string(attribute.key)
            writer.key("value")
            anyValue(attribute.value)
            writer.endObject()
        }
        writer.endArray()
    }

    /// One member of `{"stringValue","boolValue","intValue","doubleValue","arrayValue","kvlistValue","bytesValue"}`.
    mutating func anyValue(_ value: AttributeValue) {
        writer.beginObject()
        switch value {
        case .string(let text):
            writer.key("stringValue")
            writer.string(text)
        case .bool(let flag):
            writer.key("boolValue")
            writer.bool(flag)
        case .int(let number):
            writer.key("intValue")
            writer.quotedInt(number)
        case .double(let number):
            writer.key("doubleValue")
            writer.double(number)
        case .array(let values):
            writer.key("arrayValue")
            writer.beginObject()
            writer.key("values")
            writer.beginArray()
            for element in values { anyValue(element) }
            writer.endArray()
            writer.endObject()
        case .keyValueList(let values):
            writer.key("kvlistValue")
            writer.beginObject()
            writer.key("values")
            keyValues(values)
            writer.endObject()
        case .bytes(let bytes):
            writer.key("bytesValue")
            writer.string(Base64.encode(bytes))
        case .empty: break
        }
        writer.endObject()
    }
}

extension SpanKind {
    /// The name of the enum's value, as protobuf's JSON writes it.
    public var protobufName: String {
        switch self {
        case .unspecified: "SPAN_KIND_UNSPECIFIED"
        case .internal: "SPAN_KIND_INTERNAL"
        case .server: "SPAN_KIND_SERVER"
        case .client: "SPAN_KIND_CLIENT"
        case .producer: "SPAN_KIND_PRODUCER"
        case .consumer: "SPAN_KIND_CONSUMER"
        }
    }
}

extension SpanStatus.Code {
    /// The name of the enum's value, as protobuf's JSON writes it.
    public var protobufName: String {
        switch self {
        case .unset: "STATUS_CODE_UNSET"
        case .ok: "STATUS_CODE_OK"
        case .error: "STATUS_CODE_ERROR"
        }
    }
}

extension JSONWriter {
    /// Writes an id as a string of 32 digits.
    mutating func hex(_ id: TraceID) {
        hex(id.high, id.low)
    }

    /// Writes an id as a string of 16 digits.
    mutating func hex(_ id: SpanID) {
        hex(id.value)
    }
}
