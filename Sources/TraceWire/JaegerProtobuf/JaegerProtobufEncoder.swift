internal import ProtobufCoding
internal import TraceModel

/// Writes `PostSpansRequest`; fields with their default value are left out. The messages are shown in ``JaegerProtobufDecoder``.
struct JaegerProtobufEncoder: ~Copyable {
    var writer = ProtobufWriter(reserving: 4096)
    private let maximumValueLength: Int?

    init(maximumValueLength: Int?) {
        self.maximumValueLength = maximumValueLength
    }

    mutating func request(_ group: ResourceSpans) {
        let spanCount = group.scopeSpans.reduce(0) { $0 + $1.spans.count }
        let batch = writer.begin(1 << 3 | 2, expecting: 200 + spanCount * Self.expectedSpanSize)
        for scoped in group.scopeSpans {
            for span in scoped.spans { self.span(JaegerSpan(span, scope: scoped.scope, maximumValueLength: maximumValueLength)) }
        }
        process(2 << 3 | 2, JaegerProcess(group.resource, maximumValueLength: maximumValueLength))
        writer.end(batch)
    }

    /// `message SpansResponseChunk { repeated Span spans = 1; }`, each span with its process.
    ///
    /// - Parameter warnings: for spans by their number in the batch, from 0.
    mutating func chunk(_ batch: SpanBatch, warnings: [Int: [String]]) {
        var number = -1
        for group in batch.resourceSpans {
            let process = JaegerProcess(group.resource, maximumValueLength: maximumValueLength)
            for scoped in group.scopeSpans {
                for span in scoped.spans {
                    number += 1
                    let span = JaegerSpan(span, scope: scoped.scope, maximumValueLength: maximumValueLength)
                    self.span(span, process: process, warnings: warnings[number] ?? [])
                }
            }
        }
    }

    private mutating func process(_ number: UInt8, _ process: JaegerProcess) {
        let mark = writer.begin(number, expecting: 200)
        writer.string(1 << 3 | 2, process.serviceName)
        for tag in process.tags { keyValue(2 << 3 | 2, tag) }
        writer.end(mark)
    }

    private static let expectedSpanSize = 400

    /// The parent, for which the format has no field, is the first reference.
    private mutating func span(_ span: JaegerSpan, process: JaegerProcess? = nil, warnings: [String] = []) {
        let mark = writer.begin(1 << 3 | 2, expecting: Self.expectedSpanSize)
        writer.id(1 << 3 | 2, span.traceID.high, span.traceID.low)
        writer.id(2 << 3 | 2, span.spanID.value)
        writer.string(3 << 3 | 2, span.name)
        if let parent = span.parentSpanID { reference(JaegerReference(isChild: true, traceID: span.traceID, spanID: parent)) }
        for reference in span.references { self.reference(reference) }
        if span.flags != 0 { writer.varint(5 << 3, UInt64(span.flags)) }
        time(6 << 3 | 2, span.startTime)
        time(7 << 3 | 2, span.duration)
        for tag in span.tags { keyValue(8 << 3 | 2, tag) }
        for log in span.logs { self.log(log) }
        if let process { self.process(10 << 3 | 2, process) }
        for warning in warnings { writer.string(12 << 3 | 2, warning) }
        writer.end(mark)
    }

    private mutating func reference(_ reference: JaegerReference) {
        let mark = writer.begin(4 << 3 | 2, expecting: 30)
        writer.id(1 << 3 | 2, reference.traceID.high, reference.traceID.low)
        writer.id(2 << 3 | 2, reference.spanID.value)
        if !reference.isChild { writer.varint(3 << 3, JaegerProtobuf.followsFrom) }
        writer.end(mark)
    }

    private mutating func log(_ log: JaegerLog) {
        let mark = writer.begin(9 << 3 | 2, expecting: 200)
        time(1 << 3 | 2, log.time)
        for field in log.fields { keyValue(2 << 3 | 2, field) }
        writer.end(mark)
    }

    private mutating func time(_ tag: UInt8, _ nanoseconds: UInt64) {
        let mark = writer.begin(tag, expecting: 12)
        if nanoseconds >= 1_000_000_000 { writer.varint(1 << 3, nanoseconds / 1_000_000_000) }
        if nanoseconds % 1_000_000_000 != 0 { writer.varint(2 << 3, nanoseconds % 1_000_000_000) }
        writer.end(mark)
    }

    private mutating func keyValue(_ number: UInt8, _ tag: Attribute) {
        let mark = writer.begin(number, expecting: 40)
        writer.string(1 << 3 | 2, tag.key)
        switch tag.value {
        case .string(let text): writer.string(3 << 3 | 2, text)
        case .bool(let flag):
            writer.varint(2 << 3, JaegerProtobuf.ValueType.bool)
            if flag { writer.varint(4 << 3, 1) }
        case .int(let number):
            writer.varint(2 << 3, JaegerProtobuf.ValueType.int64)
            if number != 0 { writer.varint(5 << 3, UInt64(bitPattern: number)) }
        case .double(let number):
            writer.varint(2 << 3, JaegerProtobuf.ValueType.float64)
            if number.bitPattern != 0 { writer.fixed64(6 << 3 | 1, number.bitPattern) }
        case .bytes(let bytes):
            writer.varint(2 << 3, JaegerProtobuf.ValueType.binary)
            if !bytes.isEmpty { writer.bytes(7 << 3 | 2, bytes) }
        // `Attribute.jaegerTag` made text of these.
        case .empty, .array, .keyValueList: break
        }
        writer.end(mark)
    }
}
