internal import TraceModel

/// Reads `PostSpansRequest` (jaeger-idl, `api_v2/collector.proto` and `model.proto`).
///
/// Tags are written as `number << 3 | wire type`. A field with another wire type than its own, and a field that is not named
/// here, is stepped over.
struct JaegerProtobufDecoder: ~Copyable {
    private var cursor: ProtobufCursor
    private var strings = StringCache()
    private var budget: ElementBudget
    /// Spans by the process that they name themselves; `nil` is that of the batch.
    private var spans: [JaegerProcess?: [JaegerSpan]] = [:]
    private var processes: [JaegerProcess?] = []
    private var batchProcess = JaegerProcess()
    /// Spans whose bytes make no sense.
    private var broken: [(name: String, error: WireError)] = []

    init(_ bytes: UnsafeBufferPointer<UInt8>, base: UnsafePointer<UInt8>, maximumElements: Int) {
        budget = ElementBudget(maximumElements)
        cursor = ProtobufCursor(bytes, base: base, schema: .jaeger)
    }

    /// `message PostSpansRequest { Batch batch = 1; }`
    mutating func decode() throws(WireError) -> DecodedSpans {
        while !cursor.isAtEnd {
            let tag = try cursor.tag()
            if tag == 1 << 3 | 2 { try batch() } else { try cursor.skip(tag) }
        }
        var result = JaegerSpans()
        for span in broken { result.refuse(name: span.name, "fields that cannot be read: \(span.error.message)") }
        for process in processes { result.add(spans[process] ?? [], of: process ?? batchProcess) }
        if processes.isEmpty, let first = broken.first { throw first.error }
        return result.decoded
    }

    /// Reads a span of a batch; one whose bytes make no sense is stepped over and counted.
    private mutating func spanOrNone() throws(WireError) {
        let start = cursor
        do throws(WireError) {
            let (span, process) = try span()
            if spans[process] == nil { processes.append(process) }
            spans[process, default: []].append(span)
        } catch {
            guard Rejections.reason(error) != nil else { throw error }
            cursor = start
            _ = try cursor.bytes()
            broken.append((start.nameOfBrokenMessage(3 << 3 | 2), error))
        }
    }

    /// `message Batch { repeated Span spans = 1; Process process = 2; }`
    private mutating func batch() throws(WireError) {
        let outer = try cursor.enter()
        while !cursor.isAtEnd {
            let tag = try cursor.tag()
            switch tag {
            case 1 << 3 | 2: try spanOrNone()
            case 2 << 3 | 2: batchProcess = try process()
            default: try cursor.skip(tag)
            }
        }
        cursor.leave(outer)
    }

    /// `message Process { string service_name = 1; repeated KeyValue tags = 2; }`
    private mutating func process() throws(WireError) -> JaegerProcess {
        try budget.take()
        let outer = try cursor.enter()
        var process = JaegerProcess()
        while !cursor.isAtEnd {
            let tag = try cursor.tag()
            switch tag {
            case 1 << 3 | 2: process.serviceName = try string()
            case 2 << 3 | 2: process.tags.append(try keyValue())
            default: try cursor.skip(tag)
            }
        }
        cursor.leave(outer)
        return process
    }

    /// `message Span { bytes trace_id = 1; bytes span_id = 2; string operation_name = 3; repeated SpanRef references = 4;
    /// uint32 flags = 5; Timestamp start_time = 6; Duration duration = 7; repeated KeyValue tags = 8; repeated Log logs = 9;
    /// Process process = 10; string process_id = 11; repeated string warnings = 12; }`
    private mutating func span() throws(WireError) -> (JaegerSpan, JaegerProcess?) {
        try budget.take()
        let outer = try cursor.enter()
        var span = JaegerSpan()
        var process: JaegerProcess?
        while !cursor.isAtEnd {
            let tag = try cursor.tag()
            switch tag {
            case 1 << 3 | 2: span.traceID = try traceID(&span.problem)
            case 2 << 3 | 2: span.spanID = try spanID(&span.problem)
            case 3 << 3 | 2: span.name = try string()
            case 4 << 3 | 2: span.references.append(try reference())
            case 5 << 3: span.flags = UInt32(truncatingIfNeeded: try cursor.varint())
            case 6 << 3 | 2: span.startTime = try nanoseconds()
            case 7 << 3 | 2: span.duration = try nanoseconds()
            case 8 << 3 | 2: span.tags.append(try keyValue())
            case 9 << 3 | 2: span.logs.append(try log())
            case 10 << 3 | 2: process = try self.process()
            default: try cursor.skip(tag)
            }
        }
        cursor.leave(outer)
        return (span, process)
    }

    /// `message SpanRef { bytes trace_id = 1; bytes span_id = 2; SpanRefType ref_type = 3; }`
    private mutating func reference() throws(WireError) -> JaegerReference {
        try budget.take()
        let outer = try cursor.enter()
        var reference = JaegerReference()
        var ignored = IDProblem.none
        while !cursor.isAtEnd {
            let tag = try cursor.tag()
            switch tag {
            case 1 << 3 | 2: reference.traceID = try traceID(&ignored)
            case 2 << 3 | 2: reference.spanID = try spanID(&ignored)
            case 3 << 3: reference.isChild = try cursor.varint() != JaegerProtobuf.followsFrom
            default: try cursor.skip(tag)
            }
        }
        cursor.leave(outer)
        return reference
    }

    /// `message Log { Timestamp timestamp = 1; repeated KeyValue fields = 2; }`
    private mutating func log() throws(WireError) -> JaegerLog {
        try budget.take()
        let outer = try cursor.enter()
        var log = JaegerLog()
        while !cursor.isAtEnd {
            let tag = try cursor.tag()
            switch tag {
            case 1 << 3 | 2: log.time = try nanoseconds()
            case 2 << 3 | 2: log.fields.append(try keyValue())
            default: try cursor.skip(tag)
            }
        }
        cursor.leave(outer)
        return log
    }

    /// `message KeyValue { string key = 1; ValueType v_type = 2; string v_str = 3; bool v_bool = 4; int64 v_int64 = 5;
    /// double v_float64 = 6; bytes v_binary = 7; }`
    ///
    /// The type says which value counts; a value that is not there is the default of its type.
    private mutating func keyValue() throws(WireError) -> Attribute {
        try budget.take()
        let outer = try cursor.enter()
        var attribute = Attribute(key: "", value: .empty)
        var type = JaegerProtobuf.ValueType.string
        var text = ""
        var flag = false
        var integer: Int64 = 0
        var number = 0.0
        var bytes: [UInt8] = []
        while !cursor.isAtEnd {
            let tag = try cursor.tag()
            switch tag {
            case 1 << 3 | 2: attribute.key = try string()
            case 2 << 3: type = try cursor.varint()
            case 3 << 3 | 2: text = try string()
            case 4 << 3: flag = try cursor.varint() != 0
            case 5 << 3: integer = Int64(bitPattern: try cursor.varint())
            case 6 << 3 | 1: number = Double(bitPattern: try cursor.fixed64())
            case 7 << 3 | 2: bytes = Array(try cursor.bytes())
            default: try cursor.skip(tag)
            }
        }
        cursor.leave(outer)
        switch type {
        case JaegerProtobuf.ValueType.bool: attribute.value = .bool(flag)
        case JaegerProtobuf.ValueType.int64: attribute.value = .int(integer)
        case JaegerProtobuf.ValueType.float64: attribute.value = .double(number)
        case JaegerProtobuf.ValueType.binary: attribute.value = .bytes(bytes)
        // An unknown type most likely comes with a text.
        default: attribute.value = .string(text)
        }
        return attribute
    }

    // MARK: Scalars

    private mutating func string() throws(WireError) -> String {
        let bytes = try cursor.bytes()
        guard let start = bytes.baseAddress else { return "" }
        return strings.string(start, bytes.count)
    }

    /// `message Timestamp { int64 seconds = 1; int32 nanos = 2; }`, and `Duration` alike, in nanoseconds.
    ///
    /// Times before 1970 become 0, and ones that are too large the largest.
    private mutating func nanoseconds() throws(WireError) -> UInt64 {
        let outer = try cursor.enter()
        var seconds: Int64 = 0
        var nanoseconds: Int32 = 0
        while !cursor.isAtEnd {
            let tag = try cursor.tag()
            switch tag {
            case 1 << 3: seconds = Int64(bitPattern: try cursor.varint())
            case 2 << 3: nanoseconds = Int32(truncatingIfNeeded: try cursor.varint())
            default: try cursor.skip(tag)
            }
        }
        cursor.leave(outer)
        guard seconds >= 0 else { return 0 }
        let (product, isTooLarge) = UInt64(seconds).multipliedReportingOverflow(by: 1_000_000_000)
        let (sum, overflow) = product.addingReportingOverflow(UInt64(max(0, nanoseconds)))
        return isTooLarge || overflow ? .max : sum
    }

    /// Sixteen bytes, or eight for a short id.
    private mutating func traceID(_ problem: inout IDProblem) throws(WireError) -> TraceID {
        let bytes = try cursor.bytes()
        switch bytes.count {
        case 16: return TraceID(high: Self.bigEndian(bytes, 0), low: Self.bigEndian(bytes, 8))
        case 8: return TraceID(high: 0, low: Self.bigEndian(bytes, 0))
        default:
            problem = .traceID("of \(bytes.count) bytes")
            return TraceID(high: 0, low: 0)
        }
    }

    private mutating func spanID(_ problem: inout IDProblem) throws(WireError) -> SpanID {
        let bytes = try cursor.bytes()
        guard bytes.count == 8 else {
            problem = .spanID("of \(bytes.count) bytes")
            return SpanID(0)
        }
        return SpanID(Self.bigEndian(bytes, 0))
    }

    private static func bigEndian(_ bytes: UnsafeBufferPointer<UInt8>, _ offset: Int) -> UInt64 {
        // In bounds: callers checked the length; `loadUnaligned` checks it in debug builds too.
        UInt64(bigEndian: UnsafeRawBufferPointer(bytes).loadUnaligned(fromByteOffset: offset, as: UInt64.self))
    }
}
