internal import JSONCoding
internal import TraceModel

/// Events as the text of annotations.
enum ZipkinEventText {
    /// The name alone, or `"name":{attributes}` (OpenTelemetry specification, "OpenTelemetry to Zipkin Transformation", "Events").
    static func text(_ event: SpanEvent, maximumValueLength: Int?) -> String {
        // All forms that carry attributes have a brace: a name without one cannot be mistaken.
        if event.attributes.isEmpty, event.droppedAttributesCount == 0, !event.name.utf8.contains(UInt8(ascii: "{")) { return event.name }
        var attributes = event.attributes
        if let maximumValueLength {
            for index in attributes.indices { attributes[index].value.truncate(to: maximumValueLength) }
        }
        if event.droppedAttributesCount > 0 {
            attributes.append(Attribute(key: ZipkinTag.droppedAttributes, value: .int(Int64(event.droppedAttributesCount))))
        }
        var writer = JSONWriter()
        writer.string(event.name)
        let name = writer.finish()
        writer = JSONWriter()
        PlainJSON.write(attributes, to: &writer)
        return String(decoding: name, as: UTF8.self) + ":" + String(decoding: writer.finish(), as: UTF8.self)
    }

    /// Reads the forms that exporters write: `{"name":{…}}` (Python), `"name":{…}` (Java, and the specification),
    /// `name: {…}` (Go) and `name|{…}|dropped` (Collector). Any other text is the event's name.
    static func event(_ annotation: ZipkinAnnotation, _ budget: inout ElementBudget) throws(WireError) -> SpanEvent {
        let text = annotation.value
        var event = SpanEvent(time: annotation.timestamp * 1000, name: text)
        guard text.utf8.contains(UInt8(ascii: "{")) else { return event }
        let bytes = Array(text.utf8)
        if bytes.first == UInt8(ascii: "{") {
            try read(nameAndAttributes: bytes, into: &event, &budget)
        } else if bytes.first == UInt8(ascii: "\"") {
            try read(nameAndAttributes: [UInt8(ascii: "{")] + bytes + [UInt8(ascii: "}")], into: &event, &budget)
        } else if bytes.last == UInt8(ascii: "}") {
            try read(bytes, separator: ": ", into: &event, &budget)
        } else {
            try readWithCount(bytes, into: &event, &budget)
        }
        return event
    }

    /// `{"name":{attributes}}`
    private static func read(nameAndAttributes bytes: [UInt8], into event: inout SpanEvent, _ budget: inout ElementBudget) throws(WireError) {
        var left = budget
        let parsed = try PlainJSON.parse(bytes) { reader -> (String, [Attribute])? in
            try reader.beginObject()
            guard let name = try reader.nextKey()?.string else { return nil }
            let attributes = try PlainJSON.readMembers(&reader, &left)
            // A second member: an object of another kind.
            return try reader.nextKey() == nil ? (name, attributes) : nil
        }
        budget = left
        guard let (name, attributes) = parsed else { return }
        event.name = name
        event.attributes = attributes
        takeDroppedCount(&event)
    }

    private static func takeDroppedCount(_ event: inout SpanEvent) {
        guard let index = event.attributes.lastIndex(where: { $0.key == ZipkinTag.droppedAttributes }),
            case .int(let number) = event.attributes[index].value, let count = UInt32(exactly: number)
        else { return }
        event.droppedAttributesCount = count
        event.attributes.remove(at: index)
    }

    /// `name`, the separator, `{attributes}`.
    private static func read(
        _ bytes: [UInt8], separator: StaticString, into event: inout SpanEvent, _ budget: inout ElementBudget
    ) throws(WireError) {
        guard let (name, attributes) = try ZipkinLinkText.splitJSON(bytes[...], separator: separator, &budget) else { return }
        event.name = name
        event.attributes = attributes
        takeDroppedCount(&event)
    }

    /// `name|{attributes}|dropped`
    private static func readWithCount(_ bytes: [UInt8], into event: inout SpanEvent, _ budget: inout ElementBudget) throws(WireError) {
        guard let bar = bytes.lastIndex(of: UInt8(ascii: "|")),
            let count = UInt32(String(decoding: bytes[(bar + 1)...], as: UTF8.self)),
            let (name, attributes) = try ZipkinLinkText.splitJSON(bytes[..<bar], separator: "|", &budget)
        else { return }
        event.name = name
        event.attributes = attributes
        event.droppedAttributesCount = count
    }
}
