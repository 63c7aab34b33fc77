internal import ProtobufCoding
internal import TraceModel

/// Writes the model as `ExportTraceServiceRequest`; fields with their default value are left out.
struct OTLPProtobufEncoder: ~Copyable {
    var writer: ProtobufWriter

    init(reserving capacity: Int) {
        writer = ProtobufWriter(reserving: capacity)
    }

    /// A guess at the size of a span, to reserve memory.
    static let expectedSpanSize = 400

    /// `message ExportTraceServiceRequest { repeated ResourceSpans resource_spans = 1; }`
    mutating func batch(_ batch: SpanBatch) {
        for index in batch.resourceSpans.indices { resourceSpans(batch.resourceSpans[index]) }
    }

    /// `message ResourceSpans { Resource resource = 1; repeated ScopeSpans scope_spans = 2; string schema_url = 3; }`
    private mutating func resourceSpans(_ group: ResourceSpans) {
        let spanCount = group.scopeSpans.reduce(0) { $0 + $1.spans.count }
        let mark = writer.begin(1 << 3 | 2, expecting: 200 + spanCount * Self.expectedSpanSize)
        if group.resource != Resource() {
            let resource = writer.begin(1 << 3 | 2, expecting: 200)
            attributes(1 << 3 | 2, group.resource.attributes)
            count(2 << 3, group.resource.droppedAttributesCount)
            writer.end(resource)
        }
        for index in group.scopeSpans.indices { scopeSpans(group.scopeSpans[index]) }
        writer.string(3 << 3 | 2, group.schemaURL)
        writer.end(mark)
    }

    /// `message ScopeSpans { InstrumentationScope scope = 1; repeated Span spans = 2; string schema_url = 3; }`
    ///
    /// `message InstrumentationScope { string name = 1; string version = 2; repeated KeyValue attributes = 3;
    /// uint32 dropped_attributes_count = 4; }`
    private mutating func scopeSpans(_ group: ScopeSpans) {
        let mark = writer.begin(2 << 3 | 2, expecting: 100 + group.spans.count * Self.expectedSpanSize)
        if group.scope != InstrumentationScope() {
            let scope = writer.begin(1 << 3 | 2, expecting: 60)
            writer.string(1 << 3 | 2, group.scope.name)
            writer.string(2 << 3 | 2, group.scope.version)
            attributes(3 << 3 | 2, group.scope.attributes)
            count(4 << 3, group.scope.droppedAttributesCount)
            writer.end(scope)
        }
        group.spans.withUnsafeBufferPointer { spans in
            // A pointer, because iterating over the array would copy each span.
            guard let first = spans.baseAddress else { return }
            for index in spans.indices { span((first + index).pointee) }
        }
        writer.string(3 << 3 | 2, group.schemaURL)
        writer.end(mark)
    }

    /// `message Span { bytes trace_id = 1; bytes span_id = 2; string trace_state = 3; bytes parent_span_id = 4; string name = 5;
    /// SpanKind kind = 6; fixed64 start_time_unix_nano = 7; fixed64 end_time_unix_nano = 8; repeated KeyValue attributes = 9;
    /// uint32 dropped_attributes_count = 10; repeated Event events = 11; uint32 dropped_events_count = 12;
    /// repeated Link links = 13; uint32 dropped_links_count = 14; Status status = 15; fixed32 flags = 16; }`
    private mutating func span(_ span: Span) {
        let mark = writer.begin(2 << 3 | 2, expecting: Self.expectedSpanSize)
        writer.id(1 << 3 | 2, span.traceID.high, span.traceID.low)
        writer.id(2 << 3 | 2, span.spanID.value)
        writer.string(3 << 3 | 2, span.traceState)
        if let parent = span.parentSpanID { writer.id(4 << 3 | 2, parent.value) }
        writer.string(5 << 3 | 2, span.name)
        if span.kind != .unspecified { writer.varint(6 << 3, UInt64(span.kind.rawValue)) }
        if span.startTime != 0 { writer.fixed64(7 << 3 | 1, span.startTime) }
        if span.endTime != 0 { writer.fixed64(8 << 3 | 1, span.endTime) }
        attributes(9 << 3 | 2, span.attributes)
        count(10 << 3, span.droppedAttributesCount)
        for index in span.events.indices { event(span.events[index]) }
        count(12 << 3, span.droppedEventsCount)
        for index in span.links.indices { link(span.links[index]) }
        count(14 << 3, span.droppedLinksCount)
        if span.status.code != .unset || !span.status.message.isEmpty { status(span.status) }
        if span.flags != 0 { writer.fixed32(16 << 3 | 5 as UInt16, span.flags) }
        writer.end(mark)
    }

    /// `message Event { fixed64 time_unix_nano = 1; string name = 2; repeated KeyValue attributes = 3;
    /// uint32 dropped_attributes_count = 4; }`
    private mutating func event(_ event: SpanEvent) {
        let mark = writer.begin(11 << 3 | 2, expecting: event.attributes.isEmpty ? 40 : 200)
        if event.time != 0 { writer.fixed64(1 << 3 | 1, event.time) }
        writer.string(2 << 3 | 2, event.name)
        attributes(3 << 3 | 2, event.attributes)
        count(4 << 3, event.droppedAttributesCount)
        writer.end(mark)
    }

    /// `message Link { bytes trace_id = 1; bytes span_id = 2; string trace_state = 3; repeated KeyValue attributes = 4;
    /// uint32 dropped_attributes_count = 5; fixed32 flags = 6; }`
    private mutating func link(_ link: SpanLink) {
        let mark = writer.begin(13 << 3 | 2, expecting: 40)
        writer.id(1 << 3 | 2, link.traceID.high, link.traceID.low)
        writer.id(2 << 3 | 2, link.spanID.value)
        writer.string(3 << 3 | 2, link.traceState)
        attributes(4 << 3 | 2, link.attributes)
        count(5 << 3, link.droppedAttributesCount)
        if link.flags != 0 { writer.fixed32(6 << 3 | 5 as UInt8, link.flags) }
        writer.end(mark)
    }

    /// `message Status { reserved 1; string message = 2; StatusCode code = 3; }`
    private mutating func status(_ status: SpanStatus) {
        let mark = writer.begin(15 << 3 | 2, expecting: 2 + status.message.utf8.count)
        writer.string(2 << 3 | 2, status.message)
        if status.code != .unset { writer.varint(3 << 3, UInt64(status.code.rawValue)) }
        writer.end(mark)
    }

    @inline(__always)
    private mutating func count(_ tag: UInt8, _ value: UInt32) {
        if value != 0 { writer.varint(tag, UInt64(value)) }
    }

    // MARK: Attributes

    private mutating func attributes(_ tag: UInt8, _ attributes: [Attribute]) {
        attributes.withUnsafeBufferPointer { attributes in
            guard let first = attributes.baseAddress else { return }
            for index in attributes.indices { keyValue(tag, (first + index).pointee) }
        }
    }

    /// `message KeyValue { string key = 1; AnyValue value = 2; }`
    ///
    /// The sizes of the common values are known before they are written.
    private mutating func keyValue(_ tag: UInt8, _ attribute: Attribute) {
        let keyLength = attribute.key.utf8.count
        let keySize = keyLength == 0 ? 0 : 1 &+ ProtobufWriter.size(keyLength) &+ keyLength
        switch attribute.value {
        case .string(let text):
            let length = text.utf8.count
            let valueSize = 1 &+ ProtobufWriter.size(length) &+ length
            keyValueHead(tag, attribute.key, keyLength, keySize, valueSize)
            writer.string(1 << 3 | 2, text, length: length)
        case .bool(let flag):
            keyValueHead(tag, attribute.key, keyLength, keySize, 2)
            writer.varint(2 << 3, flag ? 1 : 0)
        case .int(let number):
            let bits = UInt64(bitPattern: number)
            keyValueHead(tag, attribute.key, keyLength, keySize, 1 &+ ProtobufWriter.size(bits))
            writer.varint(3 << 3, bits)
        case .double(let number):
            keyValueHead(tag, attribute.key, keyLength, keySize, 9)
            writer.fixed64(4 << 3 | 1, number.bitPattern)
        case .bytes, .array, .keyValueList, .empty:
            let mark = writer.begin(tag, expecting: 100)
            writer.string(1 << 3 | 2, attribute.key)
            anyValue(2 << 3 | 2, attribute.value)
            writer.end(mark)
        }
    }

    /// Everything of a `KeyValue` before the content of its value.
    @inline(__always)
    private mutating func keyValueHead(_ tag: UInt8, _ key: String, _ keyLength: Int, _ keySize: Int, _ valueSize: Int) {
        let size = keySize &+ 1 &+ ProtobufWriter.size(valueSize) &+ valueSize
        writer.varint(tag, UInt64(truncatingIfNeeded: size))
        if keyLength > 0 { writer.string(1 << 3 | 2, key, length: keyLength) }
        writer.varint(2 << 3 | 2, UInt64(truncatingIfNeeded: valueSize))
    }

    /// `message AnyValue { oneof value { string string_value = 1; bool bool_value = 2; int64 int_value = 3;
    /// double double_value = 4; ArrayValue array_value = 5; KeyValueList kvlist_value = 6; bytes bytes_value = 7; } }`
    ///
    /// `message ArrayValue { repeated AnyValue values = 1; }`, `message KeyValueList { repeated KeyValue values = 1; }`
    private mutating func anyValue(_ tag: UInt8, _ value: AttributeValue) {
        let mark = writer.begin(tag, expecting: 60)
        switch value {
        case .string(let text): writer.string(1 << 3 | 2, text, length: text.utf8.count)
        case .bool(let flag): writer.varint(2 << 3, flag ? 1 : 0)
        case .int(let number): writer.varint(3 << 3, UInt64(bitPattern: number))
        case .double(let number): writer.fixed64(4 << 3 | 1, number.bitPattern)
        case .array(let values):
            let list = writer.begin(5 << 3 | 2, expecting: 60)
            for element in values { anyValue(1 << 3 | 2, element) }
            writer.end(list)
        case .keyValueList(let values):
            let list = writer.begin(6 << 3 | 2, expecting: 60)
            attributes(1 << 3 | 2, values)
            writer.end(list)
        case .bytes(let bytes): writer.bytes(7 << 3 | 2, bytes)
        case .empty: break
        }
        writer.end(mark)
    }
}
