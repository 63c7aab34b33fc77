internal import TraceModel

/// Writes Jaeger's structs in either of Thrift's protocols; the structs themselves are shown in ``JaegerThriftDecoder``.
struct JaegerThriftEncoder<Writer: ThriftWriter> {
    var writer = Writer()

    /// The call `emitBatch` with spans that were written before.
    static func message(process: [UInt8], spans: [UInt8], count: Int) -> [UInt8] {
        var writer = Writer()
        writer.oneway(JaegerThrift.method)
        let outer = writer.beginStruct()
        writer.field(1, .structure)
        batch(process: process, spans: spans, count: count, to: &writer)
        writer.endStruct(outer)
        return writer.bytes
    }

    /// `Batch` with spans that were written before.
    static func batch(process: [UInt8], spans: [UInt8], count: Int) -> [UInt8] {
        var writer = Writer()
        batch(process: process, spans: spans, count: count, to: &writer)
        return writer.bytes
    }

    private static func batch(process: [UInt8], spans: [UInt8], count: Int, to writer: inout Writer) {
        writer.bytes.reserveCapacity(writer.bytes.count + process.count + spans.count + 32)
        let outer = writer.beginStruct()
        writer.field(1, .structure)
        writer.bytes.append(contentsOf: process)
        writer.field(2, .list)
        writer.structures(count)
        writer.bytes.append(contentsOf: spans)
        writer.endStruct(outer)
    }

    /// The bytes of a process.
    static func encode(_ process: JaegerProcess) -> [UInt8] {
        var encoder = JaegerThriftEncoder()
        encoder.process(process)
        return encoder.writer.bytes
    }

    /// Appends a process.
    mutating func process(_ process: JaegerProcess) {
        let outer = writer.beginStruct()
        writer.field(1, process.serviceName)
        tags(2, process.tags)
        writer.endStruct(outer)
    }

    /// Appends a span.
    ///
    /// Start and end are cut to microseconds, not start and duration, so that a span stays within its parent.
    mutating func span(_ span: JaegerSpan) {
        let outer = writer.beginStruct()
        writer.field(1, Int64(bitPattern: span.traceID.low))
        writer.field(2, Int64(bitPattern: span.traceID.high))
        writer.field(3, Int64(bitPattern: span.spanID.value))
        writer.field(4, Int64(bitPattern: span.parentSpanID?.value ?? 0))
        writer.field(5, span.name)
        if !span.references.isEmpty {
            writer.field(6, .list)
            writer.structures(span.references.count)
            for reference in span.references { self.reference(reference) }
        }
        writer.field(7, Int32(truncatingIfNeeded: span.flags))
        writer.field(8, Int64(span.startTime / 1000))
        let (end, overflow) = span.startTime.addingReportingOverflow(span.duration)
        writer.field(9, Int64((overflow ? .max : end) / 1000 - span.startTime / 1000))
        tags(10, span.tags)
        if !span.logs.isEmpty {
            writer.field(11, .list)
            writer.structures(span.logs.count)
            for log in span.logs { self.log(log) }
        }
        writer.endStruct(outer)
    }

    private mutating func reference(_ reference: JaegerReference) {
        let outer = writer.beginStruct()
        writer.field(1, reference.isChild ? Int32(0) : 1)
        writer.field(2, Int64(bitPattern: reference.traceID.low))
        writer.field(3, Int64(bitPattern: reference.traceID.high))
        writer.field(4, Int64(bitPattern: reference.spanID.value))
        writer.endStruct(outer)
    }

    private mutating func log(_ log: JaegerLog) {
        let outer = writer.beginStruct()
        writer.field(1, Int64(log.time / 1000))
        // Not optional in the schema, unlike the other lists.
        writer.field(2, .list)
        writer.structures(log.fields.count)
        for field in log.fields { tag(field) }
        writer.endStruct(outer)
    }

    private mutating func tags(_ id: Int16, _ tags: [Attribute]) {
        guard !tags.isEmpty else { return }
        writer.field(id, .list)
        writer.structures(tags.count)
        for tag in tags { self.tag(tag) }
    }

    private mutating func tag(_ tag: Attribute) {
        let outer = writer.beginStruct()
        writer.field(1, tag.key)
        switch tag.value {
        case .string(let text):
            writer.field(2, JaegerThrift.TagType.string)
            writer.field(3, text)
        case .double(let number):
            writer.field(2, JaegerThrift.TagType.double)
            writer.field(4, .double)
            writer.double(number)
        case .bool(let flag):
            writer.field(2, JaegerThrift.TagType.bool)
            writer.field(5, flag)
        case .int(let number):
            writer.field(2, JaegerThrift.TagType.long)
            writer.field(6, number)
        case .bytes(let bytes):
            writer.field(2, JaegerThrift.TagType.binary)
            writer.field(7, bytes)
        // `Attribute.jaegerTag` made text of these.
        case .empty, .array, .keyValueList:
            writer.field(2, JaegerThrift.TagType.string)
            writer.field(3, "")
        }
        writer.endStruct(outer)
    }
}
