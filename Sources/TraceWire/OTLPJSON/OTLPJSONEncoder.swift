internal import JSONCoding
internal import TraceModel

/// Writes the model as OTLP's JSON; members with their default value are left out.
struct OTLPJSONEncoder {
    var writer: JSONWriter

    /// A guess at the size of a span, to reserve memory.
    static let expectedSpanSize = 900

    /// `{"resourceSpans":[ResourceSpans]}`
    mutating func batch(_ batch: SpanBatch) {
        writer.beginObject()
        writer.key("resourceSpans")
        writer.beginArray()
        for group in batch.resourceSpans { resourceSpans(group) }
        writer.endArray()
        writer.endObject()
    }

    /// `{"resource":Resource,"scopeSpans":[ScopeSpans],"schemaUrl":string}`
    private mutating func resourceSpans(_ group: ResourceSpans) {
        writer.beginObject()
        resource(group.resource)
        writer.key("scopeSpans")
        writer.beginArray()
        for scopeGroup in group.scopeSpans { scopeSpans(scopeGroup) }
        writer.endArray()
        text("schemaUrl", group.schemaURL)
        writer.endObject()
    }

    /// `{"scope":InstrumentationScope,"spans":[Span],"schemaUrl":string}`
    private mutating func scopeSpans(_ group: ScopeSpans) {
        writer.beginObject()
        scope(group.scope)
        writer.key("spans")
        writer.beginArray()
        for span in group.spans { self.span(span) }
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

    private mutating func span(_ span: Span) {
        writer.beginObject()
        members(span)
        writer.endObject()
    }

    /// The members of `Span` in the order of their field numbers.
    private mutating func members(_ span: Span) {
        writer.key("traceId")
        writer.hex(span.traceID)
        writer.key("spanId")
        writer.hex(span.spanID)
        text("traceState", span.traceState)
        if let parent = span.parentSpanID {
            writer.key("parentSpanId")
            writer.hex(parent)
        }
        count("flags", span.flags)
        text("name", span.name)
        if span.kind != .unspecified {
            writer.key("kind")
            writer.uint(UInt64(span.kind.rawValue))
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
            writer.uint(UInt64(span.status.code.rawValue))
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
            writer.hex(link.traceID)
            writer.key("spanId")
            writer.hex(link.spanID)
            text("traceState", link.traceState)
            attributes(link.attributes)
            count("droppedAttributesCount", link.droppedAttributesCount)
            count("flags", link.flags)
            writer.endObject()
        }
        writer.endArray()
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
    private mutating func anyValue(_ value: AttributeValue) {
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
