internal import TraceModel

/// Reads Jaeger's `Batch` in either of Thrift's protocols.
///
/// A field with another type than its own, and a field that is not named here, is stepped over, as Thrift has it for unknown
/// fields. A missing field has the default of its type.
struct JaegerThriftDecoder<Reader: ThriftReader>: ~Copyable {
    private var reader: Reader
    private var strings = StringCache()
    private var budget: ElementBudget
    private let maximumElements: Int

    init(_ cursor: ThriftCursor, maximumElements: Int) {
        reader = Reader(cursor)
        self.maximumElements = maximumElements
        budget = ElementBudget(maximumElements)
    }

    /// The message `oneway void emitBatch(1: Batch batch)` of Jaeger's agent, or `emitZipkinBatch(1: list<zipkincore.Span> spans)`.
    mutating func message() throws(WireError) -> DecodedSpans {
        let message = try reader.message()
        guard message.kind == ThriftMessage.Kind.call || message.kind == ThriftMessage.Kind.oneway else {
            throw reader.cursor.failure("a message of kind \(message.kind), neither a call nor a one-way call", at: 0)
        }
        guard message.name == JaegerThrift.method || message.name == ZipkinThrift.method else {
            throw reader.cursor.failure(
                "a call of \"\(message.name.prefix(60))\"; only \(JaegerThrift.method) and \(ZipkinThrift.method) are understood", at: 0)
        }
        let isZipkin = message.name == ZipkinThrift.method
        var result: DecodedSpans?
        let outer = reader.beginStruct()
        while let field = try reader.field() {
            switch (field.id, field.type) {
            case (1, .structure) where !isZipkin: result = try batch()
            case (1, .list) where isZipkin:
                // The one argument: nothing behind it is of interest.
                var decoder = ZipkinThriftDecoder(reader, maximumElements: maximumElements)
                return try decoder.spans()
            default: try reader.skip(field)
            }
        }
        reader.endStruct(outer)
        guard let result else { throw reader.cursor.failure("a call of \(message.name) without a batch", at: reader.cursor.position) }
        return result
    }

    /// `struct Batch { 1: Process process, 2: list<Span> spans, 3: i64 seqNo, 4: ClientStats stats }`
    mutating func batch() throws(WireError) -> DecodedSpans {
        var process = JaegerProcess()
        var spans: [JaegerSpan] = []
        let outer = reader.beginStruct()
        while let field = try reader.field() {
            switch (field.id, field.type) {
            case (1, .structure): process = try self.process()
            case (2, .list):
                for _ in 0..<(try reader.structures()) { spans.append(try span()) }
            default: try reader.skip(field)
            }
        }
        reader.endStruct(outer)
        var result = JaegerSpans()
        result.add(spans, of: process)
        return result.decoded
    }

    /// `struct Process { 1: string serviceName, 2: list<Tag> tags }`
    private mutating func process() throws(WireError) -> JaegerProcess {
        try budget.take()
        var process = JaegerProcess()
        let outer = reader.beginStruct()
        while let field = try reader.field() {
            switch (field.id, field.type) {
            case (1, .binary): process.serviceName = try strings.string(&reader)
            case (2, .list): try tags(into: &process.tags)
            default: try reader.skip(field)
            }
        }
        reader.endStruct(outer)
        return process
    }

    /// `struct Span { 1: i64 traceIdLow, 2: i64 traceIdHigh, 3: i64 spanId, 4: i64 parentSpanId, 5: string operationName,
    /// 6: list<SpanRef> references, 7: i32 flags, 8: i64 startTime, 9: i64 duration, 10: list<Tag> tags, 11: list<Log> logs }`
    private mutating func span() throws(WireError) -> JaegerSpan {
        try budget.take()
        var span = JaegerSpan()
        let outer = reader.beginStruct()
        while let field = try reader.field() {
            switch (field.id, field.type) {
            case (1, .int64): span.traceID.low = try reader.word()
            case (2, .int64): span.traceID.high = try reader.word()
            case (3, .int64): span.spanID = SpanID(try reader.word())
            case (4, .int64):
                let parent = SpanID(try reader.word())
                span.parentSpanID = parent.isValid ? parent : nil
            case (5, .binary): span.name = try strings.string(&reader)
            case (6, .list):
                for _ in 0..<(try reader.structures()) { span.references.append(try reference()) }
            case (7, .int32): span.flags = UInt32(bitPattern: try reader.int32())
            case (8, .int64): span.startTime = try nanoseconds()
            case (9, .int64): span.duration = try nanoseconds()
            case (10, .list): try tags(into: &span.tags)
            case (11, .list):
                for _ in 0..<(try reader.structures()) { span.logs.append(try log()) }
            default: try reader.skip(field)
            }
        }
        reader.endStruct(outer)
        return span
    }

    /// `struct SpanRef { 1: SpanRefType refType, 2: i64 traceIdLow, 3: i64 traceIdHigh, 4: i64 spanId }`
    private mutating func reference() throws(WireError) -> JaegerReference {
        try budget.take()
        var reference = JaegerReference()
        let outer = reader.beginStruct()
        while let field = try reader.field() {
            switch (field.id, field.type) {
            case (1, .int32): reference.isChild = try reader.int32() == 0
            case (2, .int64): reference.traceID.low = try reader.word()
            case (3, .int64): reference.traceID.high = try reader.word()
            case (4, .int64): reference.spanID = SpanID(try reader.word())
            default: try reader.skip(field)
            }
        }
        reader.endStruct(outer)
        return reference
    }

    /// `struct Log { 1: i64 timestamp, 2: list<Tag> fields }`
    private mutating func log() throws(WireError) -> JaegerLog {
        try budget.take()
        var log = JaegerLog()
        let outer = reader.beginStruct()
        while let field = try reader.field() {
            switch (field.id, field.type) {
            case (1, .int64): log.time = try nanoseconds()
            case (2, .list): try tags(into: &log.fields)
            default: try reader.skip(field)
            }
        }
        reader.endStruct(outer)
        return log
    }

    private mutating func tags(into tags: inout [Attribute]) throws(WireError) {
        for _ in 0..<(try reader.structures()) { tags.append(try tag()) }
    }

    /// `struct Tag { 1: string key, 2: TagType vType, 3: string vStr, 4: double vDouble, 5: bool vBool, 6: i64 vLong, 7: binary vBinary }`
    ///
    /// The type says which value counts: a sender may set several.
    private mutating func tag() throws(WireError) -> Attribute {
        try budget.take()
        var attribute = Attribute(key: "", value: .empty)
        var type = JaegerThrift.TagType.string
        var values: (string: AttributeValue, double: AttributeValue, bool: AttributeValue, long: AttributeValue, binary: AttributeValue) =
            ("", .double(0), false, 0, .bytes([]))
        let outer = reader.beginStruct()
        while let field = try reader.field() {
            switch (field.id, field.type) {
            case (1, .binary): attribute.key = try strings.string(&reader)
            case (2, .int32): type = try reader.int32()
            case (3, .binary): values.string = .string(try strings.string(&reader))
            case (4, .double): values.double = .double(try reader.double())
            case (5, .bool): values.bool = .bool(try reader.bool(field))
            case (6, .int64): values.long = .int(try reader.int64())
            case (7, .binary): values.binary = .bytes(Array(try reader.binary()))
            default: try reader.skip(field)
            }
        }
        reader.endStruct(outer)
        switch type {
        case JaegerThrift.TagType.double: attribute.value = values.double
        case JaegerThrift.TagType.bool: attribute.value = values.bool
        case JaegerThrift.TagType.long: attribute.value = values.long
        case JaegerThrift.TagType.binary: attribute.value = values.binary
        // An unknown type most likely comes with a text.
        default: attribute.value = values.string
        }
        return attribute
    }

    // MARK: Scalars

    /// Microseconds on the wire; negative ones become 0, and ones that are too large the largest.
    private mutating func nanoseconds() throws(WireError) -> UInt64 {
        let (value, overflow) = UInt64(max(0, try reader.int64())).multipliedReportingOverflow(by: 1000)
        return overflow ? .max : value
    }
}
