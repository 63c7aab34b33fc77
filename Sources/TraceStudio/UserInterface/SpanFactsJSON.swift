internal import JSONCoding
internal import TraceModel
internal import TraceQuery
internal import TraceStore

/// `GET /api/ui/trace/{id}/spans?rows=first-last`: everything about some rows.
enum SpanFactsJSON {
    static func body(of tree: TraceTree, rows: Range<Int>) -> [UInt8] {
        var writer = JSONWriter(reserving: 2048 * rows.count)
        writer.beginObject()
        writer.key("spans")
        writer.beginArray()
        for row in rows { write(row, tree, to: &writer) }
        writer.endArray()
        writer.endObject()
        return writer.bytes
    }

    private static func write(_ row: Int, _ tree: TraceTree, to writer: inout JSONWriter) {
        let span = tree.span(row)
        writer.beginObject()
        writer.key("row")
        writer.int(row)
        writer.key("spanID")
        writer.string("\(span.spanID)")
        if let parent = span.parentSpanID {
            writer.key("parentSpanID")
            writer.string("\(parent)")
        }
        if !span.traceState.isEmpty {
            writer.key("traceState")
            writer.string(span.traceState)
        }
        writer.key("name")
        writer.string(span.name)
        writer.key("kind")
        writer.string(span.kind == .unspecified ? "unspecified" : span.kind.jaegerName)
        writer.key("service")
        writer.string(tree.serviceName(row))
        writer.key("startTimeUnixNano")
        writer.quotedUInt(span.startTime)
        writer.key("durationNano")
        writer.uint(span.duration)
        writer.key("status")
        writer.beginObject()
        writer.key("code")
        writer.string(span.status.code.word)
        writer.key("message")
        writer.string(span.status.message)
        writer.endObject()
        write(span.attributes, to: &writer)
        writeEvents(span, tree, to: &writer)
        writeLinks(span, to: &writer)
        writeOrigin(row, tree, to: &writer)
        writer.key("dropped")
        writer.beginObject()
        writer.key("attributes")
        writer.uint(UInt64(span.droppedAttributesCount))
        writer.key("events")
        writer.uint(UInt64(span.droppedEventsCount))
        writer.key("links")
        writer.uint(UInt64(span.droppedLinksCount))
        writer.endObject()
        writer.endObject()
    }

    private static func writeEvents(_ span: Span, _ tree: TraceTree, to writer: inout JSONWriter) {
        writer.key("events")
        writer.beginArray()
        for event in span.events {
            writer.beginObject()
            writer.key("name")
            writer.string(event.name)
            writer.key("timeNano")
            // Some servers tell of events before their trace began: the true distance, negative then.
            writer.int(Int64(bitPattern: event.time &- tree.spans.startTime))
            writer.key("sinceStartNano")
            writer.int(Int64(bitPattern: event.time &- span.startTime))
            write(event.attributes, to: &writer)
            writer.endObject()
        }
        writer.endArray()
    }

    private static func writeLinks(_ span: Span, to writer: inout JSONWriter) {
        writer.key("links")
        writer.beginArray()
        for link in span.links {
            writer.beginObject()
            writer.key("traceID")
            writer.string("\(link.traceID)")
            writer.key("spanID")
            writer.string("\(link.spanID)")
            write(link.attributes, to: &writer)
            writer.endObject()
        }
        writer.endArray()
    }

    private static func writeOrigin(_ row: Int, _ tree: TraceTree, to writer: inout JSONWriter) {
        writer.key("resource")
        writer.attributes(tree.resource(row).attributes)
        let scope = tree.scope(row)
        writer.key("scope")
        writer.beginObject()
        writer.key("name")
        writer.string(scope.name)
        writer.key("version")
        writer.string(scope.version)
        writer.endObject()
    }

    /// One value as plain JSON.
    static func write(_ value: AttributeValue, to writer: inout JSONWriter) {
        writer.value(value)
    }

    private static func write(_ attributes: [Attribute], to writer: inout JSONWriter) {
        writer.key("attributes")
        writer.attributes(attributes)
    }
}

extension JSONWriter {
    /// An array of `{"key","type","value"}`.
    fileprivate mutating func attributes(_ attributes: [Attribute]) {
        beginArray()
        for attribute in attributes {
            beginObject()
            key("key")
            string(attribute.key)
            key("type")
            string(attribute.value.typeName)
            key("value")
            if let (start, size) = attribute.value.shortened {
                string(start)
                field("bytes", size)
            } else {
                value(attribute.value)
            }
            endObject()
        }
        endArray()
    }

    /// Plain JSON; integers that a browser would round are strings, bytes are base64. Nesting is bounded by the decoders.
    fileprivate mutating func value(_ value: AttributeValue) {
        switch value {
        case .string(let text): string(text)
        case .bool(let flag): bool(flag)
        case .int(let number): number.magnitude < 1 << 53 ? int(number) : quotedInt(number)
        case .double(let number): double(number)
        case .bytes: string(value.searchText)
        case .array(let values):
            beginArray()
            for value in values { self.value(value) }
            endArray()
        case .keyValueList(let list):
            beginObject()
            for attribute in list {
                key(string: attribute.key)
                self.value(attribute.value)
            }
            endObject()
        case .empty: null()
        }
    }
}

extension AttributeValue {
    /// Bytes of a value that is told whole; of a longer one the first characters and its size are told.
    private static var wholeSize: Int { 16_384 }
    private static var shortenedLength: Int { 4_096 }

    /// The beginning of a long value, and its size in bytes.
    fileprivate var shortened: (start: String, size: Int)? {
        let text: String
        switch self {
        case .string(let own): text = own
        case .bytes, .array, .keyValueList: text = searchText
        case .bool, .int, .double, .empty: return nil
        }
        guard text.utf8.count > Self.wholeSize else { return nil }
        return (String(text.prefix(Self.shortenedLength)), text.utf8.count)
    }

    fileprivate var typeName: String {
        switch self {
        case .string: "string"
        case .bool: "bool"
        case .int: "int"
        case .double: "double"
        case .bytes: "bytes"
        case .array: "array"
        case .keyValueList: "kvlist"
        case .empty: "empty"
        }
    }
}

extension SpanStatus.Code {
    fileprivate var word: String {
        switch self {
        case .unset: "unset"
        case .ok: "ok"
        case .error: "error"
        }
    }
}
