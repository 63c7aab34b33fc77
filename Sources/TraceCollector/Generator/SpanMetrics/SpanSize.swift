internal import ProtobufCoding
internal import TraceModel

/// Bytes of a span as OTLP protobuf, without encoding it: what `traces_spanmetrics_size_total` counts.
enum SpanSize {
    static func size(_ span: UnsafePointer<Span>) -> Int {
        // Trace id and span id.
        var size = 18 + 10
        if span.pointee.parentSpanID != nil { size &+= 10 }
        size &+= text(span.pointee.traceState) &+ text(span.pointee.name)
        if span.pointee.kind != .unspecified { size &+= 2 }
        if span.pointee.startTime != 0 { size &+= 9 }
        if span.pointee.endTime != 0 { size &+= 9 }
        // A tag of two bytes.
        if span.pointee.flags != 0 { size &+= 6 }
        size &+= list(span.pointee.attributes) &+ count(span.pointee.droppedAttributesCount)
        if !span.pointee.events.isEmpty {
            for event in span.pointee.events {
                let inside = (event.time != 0 ? 9 : 0) + text(event.name) + list(event.attributes) + count(event.droppedAttributesCount)
                size &+= delimited(inside)
            }
        }
        size &+= count(span.pointee.droppedEventsCount)
        if !span.pointee.links.isEmpty {
            for link in span.pointee.links {
                let inside = 28 + text(link.traceState) + list(link.attributes) + count(link.droppedAttributesCount) + (link.flags != 0 ? 5 : 0)
                size &+= delimited(inside)
            }
        }
        size &+= count(span.pointee.droppedLinksCount)
        let status = text(span.pointee.status.message) &+ (span.pointee.status.code != .unset ? 2 : 0)
        return status > 0 ? size &+ delimited(status) : size
    }

    @inline(__always)
    private static func list(_ attributes: [Attribute]) -> Int {
        attributes.withUnsafeBufferPointer { attributes in
            var size = 0
            for index in 0..<attributes.count {
                let key = attributes[index].key.utf8.count
                size &+= delimited((key == 0 ? 0 : delimited(key)) &+ delimited(value(attributes[index].value)))
            }
            return size
        }
    }

    @inline(__always)
    private static func value(_ value: AttributeValue) -> Int {
        switch value {
        case .string(let text): delimited(text.utf8.count)
        case .bool: 2
        case .int(let number): 1 &+ ProtobufWriter.size(UInt64(bitPattern: number))
        case .double: 9
        case .bytes(let bytes): delimited(bytes.count)
        case .array, .keyValueList: nested(value)
        case .empty: 0
        }
    }

    private static func nested(_ value: AttributeValue) -> Int {
        switch value {
        case .array(let values): delimited(values.reduce(0) { $0 + delimited(Self.value($1)) })
        case .keyValueList(let attributes): delimited(list(attributes))
        default: Self.value(value)
        }
    }

    @inline(__always)
    private static func text(_ text: String) -> Int {
        let length = text.utf8.count
        return length == 0 ? 0 : delimited(length)
    }

    @inline(__always)
    private static func count(_ number: UInt32) -> Int { number == 0 ? 0 : 1 &+ ProtobufWriter.size(UInt64(number)) }

    /// With its tag of one byte and its length.
    @inline(__always)
    private static func delimited(_ length: Int) -> Int { 1 &+ ProtobufWriter.size(length) &+ length }
}
