internal import JSONCoding
internal import TraceModel

// From the model to Jaeger.

extension JaegerSpan {
    /// - Parameter maximumValueLength: Unicode scalars of an attribute's text; longer ones are cut.
    init(_ span: borrowing Span, scope: borrowing InstrumentationScope, maximumValueLength: Int? = nil) {
        traceID = span.traceID
        spanID = span.spanID
        parentSpanID = span.parentSpanID
        name = span.name
        for link in span.links where link.traceID.isValid && link.spanID.isValid {
            let isChild = link.attributes[JaegerTag.referenceType] == .string(JaegerTag.childOf)
            references.append(JaegerReference(isChild: isChild, traceID: link.traceID, spanID: link.spanID))
        }
        flags = span.flags & UInt32(TraceFlags.sampled.rawValue) != 0 ? Flag.sampled : 0
        startTime = span.startTime
        duration = span.duration
        tags.reserveCapacity(span.attributes.count + 6)
        for attribute in span.attributes { tags.append(attribute.jaegerTag(maximumValueLength)) }
        appendMeanings(of: span, scope: scope)
        logs = span.events.map { JaegerLog($0, maximumValueLength: maximumValueLength) }
    }

    private mutating func appendMeanings(of span: borrowing Span, scope: borrowing InstrumentationScope) {
        tags.append(JaegerTag.scopeName, unlessEmpty: scope.name)
        tags.append(JaegerTag.scopeVersion, unlessEmpty: scope.version)
        if let kind = span.kind.jaegerName { tags.append(Attribute(JaegerTag.kind, .string(kind))) }
        switch span.status.code {
        case .unset: break
        case .ok: tags.append(Attribute(JaegerTag.statusCode, "OK"))
        case .error:
            // A sender may have put Jaeger's own tag on the span already.
            if span.attributes[JaegerTag.error] != .bool(true) { tags.append(Attribute(JaegerTag.error, true)) }
            tags.append(Attribute(JaegerTag.statusCode, "ERROR"))
        }
        tags.append(JaegerTag.statusMessage, unlessEmpty: span.status.message)
        tags.append(JaegerTag.traceState, unlessEmpty: span.traceState)
        tags.append(JaegerTag.droppedAttributes, unlessZero: span.droppedAttributesCount)
        tags.append(JaegerTag.droppedEvents, unlessZero: span.droppedEventsCount)
        tags.append(JaegerTag.droppedLinks, unlessZero: span.droppedLinksCount)
    }
}

extension JaegerLog {
    /// An event's name becomes the field `event`, unless an attribute has that name.
    init(_ event: SpanEvent, maximumValueLength: Int? = nil) {
        time = event.time
        if event.attributes[JaegerTag.event] == nil { fields.append(JaegerTag.event, unlessEmpty: event.name) }
        for attribute in event.attributes { fields.append(attribute.jaegerTag(maximumValueLength)) }
        fields.append(JaegerTag.droppedAttributes, unlessZero: event.droppedAttributesCount)
    }
}

extension JaegerProcess {
    /// `service.name` is not repeated among the tags.
    init(_ resource: Resource, maximumValueLength: Int? = nil) {
        serviceName = resource.serviceName
        for attribute in resource.attributes where attribute.key != JaegerTag.serviceName { tags.append(attribute.jaegerTag(maximumValueLength)) }
        tags.append(JaegerTag.droppedAttributes, unlessZero: resource.droppedAttributesCount)
    }
}

extension SpanKind {
    /// The value of the tag `span.kind`.
    var jaegerName: String? {
        switch self {
        case .unspecified: nil
        case .internal: "internal"
        case .server: "server"
        case .client: "client"
        case .producer: "producer"
        case .consumer: "consumer"
        }
    }

    init?(jaegerName: String) {
        guard let kind = SpanKind.allCases.first(where: { $0.jaegerName == jaegerName }) else { return nil }
        self = kind
    }
}

extension Array where Element == Attribute {
    fileprivate mutating func append(_ key: String, unlessEmpty text: String) {
        if !text.isEmpty { append(Attribute(key, .string(text))) }
    }

    fileprivate mutating func append(_ key: String, unlessZero count: UInt32) {
        if count != 0 { append(Attribute(key, .int(Int64(count)))) }
    }
}

extension Attribute {
    /// Lists become JSON text, because Jaeger has no nested values; no value becomes empty text.
    func jaegerTag(_ maximumValueLength: Int?) -> Attribute {
        var text: String
        switch value {
        case .string(let own): text = own
        case .bool, .int, .double, .bytes: return self
        case .empty: return Attribute(key, "")
        case .array, .keyValueList:
            var nested = JSONWriter()
            value.writePlain(to: &nested)
            text = String(decoding: nested.bytes, as: UTF8.self)
        }
        // No text has more scalars than bytes.
        if let maximumValueLength, text.utf8.count > maximumValueLength {
            text = String(text.unicodeScalars.prefix(Swift.max(0, maximumValueLength)))
        }
        return Attribute(key, .string(text))
    }
}

extension AttributeValue {
    /// Lists as plain JSON.
    fileprivate func writePlain(to writer: inout JSONWriter) {
        switch self {
        case .string(let text): writer.string(text)
        case .bool(let flag): writer.bool(flag)
        case .int(let number): writer.int(number)
        case .double(let number): writer.double(number)
        case .bytes(let bytes): writer.string(Base64.encode(bytes))
        case .empty: writer.null()
        case .array(let values):
            writer.beginArray()
            for element in values { element.writePlain(to: &writer) }
            writer.endArray()
        case .keyValueList(let values):
            writer.beginObject()
            for member in values {
                writer.key(string: member.key)
                member.value.writePlain(to: &writer)
            }
            writer.endObject()
        }
    }
}
