internal import TraceModel

/// zipkincore's `AnnotationType`.
private enum AnnotationType {
    static let bool: Int32 = 0
    static let int16: Int32 = 2
    static let int32: Int32 = 3
    static let int64: Int32 = 4
    static let double: Int32 = 5
}

/// Reads a list of `zipkincore.Span` in either of Thrift's protocols.
///
/// A field with another type than its own, and a field that is not named here, is stepped over.
struct ZipkinThriftDecoder<Reader: ThriftReader>: ~Copyable {
    private var reader: Reader
    private var strings = StringCache()
    private var budget: ElementBudget
    private var groups = ZipkinGroups()

    init(_ reader: Reader, maximumElements: Int) {
        self.reader = reader
        budget = ElementBudget(maximumElements)
    }

    /// `list<Span>`
    mutating func spans() throws(WireError) -> DecodedSpans {
        for _ in 0..<(try reader.structures()) {
            for span in try span().spans() { try groups.add(span, &budget) }
        }
        return groups.decoded
    }

    /// `struct Span { 1: i64 trace_id, 3: string name, 4: i64 id, 5: i64 parent_id, 6: list<Annotation> annotations,
    /// 8: list<BinaryAnnotation> binary_annotations, 9: bool debug, 10: i64 timestamp, 11: i64 duration, 12: i64 trace_id_high }`
    private mutating func span() throws(WireError) -> ZipkinV1Span {
        try budget.take()
        var result = ZipkinV1Span()
        let outer = reader.beginStruct()
        while let field = try reader.field() {
            switch (field.id, field.type) {
            case (1, .int64): result.span.traceID.low = try reader.word()
            case (3, .binary): result.span.name = try strings.string(&reader)
            case (4, .int64): result.span.spanID = SpanID(try reader.word())
            case (5, .int64):
                let parent = SpanID(try reader.word())
                result.span.parentSpanID = parent.isValid ? parent : nil
            case (6, .list):
                for _ in 0..<(try reader.structures()) { result.annotations.append(try annotation(&result.span)) }
            case (8, .list):
                for _ in 0..<(try reader.structures()) { result.binaryAnnotations.append(try binaryAnnotation()) }
            case (9, .bool): result.span.isDebug = try reader.bool(field)
            case (10, .int64): result.span.timestamp = try time("timestamp", &result.span)
            case (11, .int64): result.span.duration = try time("duration", &result.span)
            case (12, .int64): result.span.traceID.high = try reader.word()
            default: try reader.skip(field)
            }
        }
        reader.endStruct(outer)
        return result
    }

    /// `struct Annotation { 1: i64 timestamp, 2: string value, 3: Endpoint host }`
    private mutating func annotation(_ span: inout ZipkinSpan) throws(WireError) -> ZipkinV1Span.Annotation {
        try budget.take()
        var annotation = ZipkinV1Span.Annotation()
        let outer = reader.beginStruct()
        while let field = try reader.field() {
            switch (field.id, field.type) {
            case (1, .int64): annotation.value.timestamp = try time("annotation timestamp", &span) ?? 0
            case (2, .binary): annotation.value.value = try strings.string(&reader)
            case (3, .structure): annotation.endpoint = try endpoint()
            default: try reader.skip(field)
            }
        }
        reader.endStruct(outer)
        return annotation
    }

    /// `struct BinaryAnnotation { 1: string key, 2: binary value, 3: AnnotationType annotation_type, 4: Endpoint host }`
    private mutating func binaryAnnotation() throws(WireError) -> ZipkinV1Span.BinaryAnnotation {
        try budget.take()
        var annotation = ZipkinV1Span.BinaryAnnotation()
        var bytes: [UInt8] = []
        var type: Int32 = 6
        let outer = reader.beginStruct()
        while let field = try reader.field() {
            switch (field.id, field.type) {
            case (1, .binary): annotation.tag.key = try strings.string(&reader)
            case (2, .binary): bytes = Array(try reader.binary())
            case (3, .int32): type = try reader.int32()
            case (4, .structure): annotation.endpoint = try endpoint()
            default: try reader.skip(field)
            }
        }
        reader.endStruct(outer)
        annotation.tag.value = Self.value(bytes, type)
        return annotation
    }

    /// Numbers are written with the most significant byte first; bytes of another length than their type's stay bytes.
    private static func value(_ bytes: [UInt8], _ type: Int32) -> AttributeValue {
        let number = bytes.count <= 8 ? bytes.reduce(0 as UInt64) { $0 << 8 | UInt64($1) } : 0
        switch (type, bytes.count) {
        case (AnnotationType.bool, 1): return .bool(number != 0)
        case (AnnotationType.int16, 2): return .int(Int64(Int16(truncatingIfNeeded: number)))
        case (AnnotationType.int32, 4): return .int(Int64(Int32(truncatingIfNeeded: number)))
        case (AnnotationType.int64, 8): return .int(Int64(bitPattern: number))
        case (AnnotationType.double, 8): return .double(Double(bitPattern: number))
        case (AnnotationType.bool...AnnotationType.double, _): return .bytes(bytes)
        default: return .string(String(decoding: bytes, as: UTF8.self))
        }
    }

    /// `struct Endpoint { 1: i32 ipv4, 2: i16 port, 3: string service_name, 4: binary ipv6 }`
    private mutating func endpoint() throws(WireError) -> ZipkinEndpoint {
        var endpoint = ZipkinEndpoint()
        let outer = reader.beginStruct()
        while let field = try reader.field() {
            switch (field.id, field.type) {
            case (1, .int32):
                let address = UInt32(bitPattern: try reader.int32())
                // 0: unknown.
                if address != 0 { endpoint.ipv4 = [24, 16, 8, 0].map { String(address >> $0 & 0xff) }.joined(separator: ".") }
            case (2, .int16): endpoint.port = UInt16(bitPattern: try reader.int16())
            case (3, .binary): endpoint.serviceName = try strings.string(&reader)
            case (4, .binary): endpoint.ipv6 = ZipkinProtobufDecoder.ipv6(try reader.binary())
            default: try reader.skip(field)
            }
        }
        reader.endStruct(outer)
        return endpoint
    }

    // MARK: Scalars

    /// Microseconds; 0 means absent.
    private mutating func time(_ name: String, _ span: inout ZipkinSpan) throws(WireError) -> UInt64? {
        let value = try reader.int64()
        guard value >= 0, UInt64(value) <= ZipkinSpan.maximumTime else {
            span.refuse("\(name) \(value), expected microseconds, a whole number from 0 to \(ZipkinSpan.maximumTime)")
            return nil
        }
        return value == 0 ? nil : UInt64(value)
    }
}
