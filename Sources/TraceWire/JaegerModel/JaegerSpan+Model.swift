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
    ///
    /// A list that is too long keeps as many of its first elements as fit.
    func jaegerTag(_ maximumLength: Int?) -> Attribute {
        switch value {
        case .bool, .int, .double, .bytes: self
        case .empty: Attribute(key, "")
        case .string(let text): maximumLength.map { Attribute(key, .string(PlainJSON.truncated(text, to: $0))) } ?? self
        case .array, .keyValueList:
            Attribute(key, .string(maximumLength.map { PlainJSON.text(value, fitting: $0) } ?? PlainJSON.text(value)))
        }
    }
}
