internal import TraceModel

/// Reads `ListOfSpans` (zipkin-api, `zipkin.proto`).
///
/// Tags are written as `number << 3 | wire type`. A field with another wire type than its own, and a field that is not named
/// here, is stepped over.
struct ZipkinProtobufDecoder: ~Copyable {
    private var cursor: ProtobufCursor
    private var strings = StringCache()
    private var budget: ElementBudget
    private var groups = ZipkinGroups()
    /// What was wrong with the first span that could not be read.
    private var firstError: WireError?

    init(_ bytes: UnsafeBufferPointer<UInt8>, base: UnsafePointer<UInt8>, maximumElements: Int) {
        budget = ElementBudget(maximumElements)
        cursor = ProtobufCursor(bytes, base: base, schema: .zipkin)
    }

    /// `message ListOfSpans { repeated Span spans = 1; }`
    mutating func decode() throws(WireError) -> DecodedSpans {
        while !cursor.isAtEnd {
            let tag = try cursor.tag()
            if tag == 1 << 3 | 2 {
                try spanOrNone()
            } else {
                try cursor.skip(tag)
            }
        }
        let decoded = groups.decoded
        if let firstError, decoded.batch.spanCount == 0 { throw firstError }
        return decoded
    }

    /// Reads a span; one whose bytes make no sense is stepped over and counted.
    private mutating func spanOrNone() throws(WireError) {
        let start = cursor
        do throws(WireError) {
            try groups.add(try span(), &budget)
        } catch {
            guard let reason = Rejections.reason(error) else { throw error }
            cursor = start
            _ = try cursor.bytes()
            firstError = firstError ?? error
            groups.refuse(name: start.nameOfBrokenMessage(5 << 3 | 2), "fields that cannot be read: \(reason)")
        }
    }

    /// `message Span { bytes trace_id = 1; bytes parent_id = 2; bytes id = 3; Kind kind = 4; string name = 5; fixed64 timestamp = 6;
    /// uint64 duration = 7; Endpoint local_endpoint = 8; Endpoint remote_endpoint = 9; repeated Annotation annotations = 10;
    /// map<string, string> tags = 11; bool debug = 12; bool shared = 13; }`
    private mutating func span() throws(WireError) -> ZipkinSpan {
        try budget.take()
        let outer = try cursor.enter()
        var span = ZipkinSpan()
        span.hasOrderedTags = false
        while !cursor.isAtEnd {
            let tag = try cursor.tag()
            switch tag {
            case 1 << 3 | 2: span.setTraceID(try id())
            case 2 << 3 | 2: span.setParentSpanID(try id())
            case 3 << 3 | 2: span.setSpanID(try id())
            case 4 << 3: span.kind = Self.kind(try cursor.varint())
            case 5 << 3 | 2: span.name = try string()
            case 6 << 3 | 1: span.timestamp = Self.time("timestamp", try cursor.fixed64(), &span)
            case 7 << 3: span.duration = Self.time("duration", try cursor.varint(), &span)
            case 8 << 3 | 2: try endpoint(into: &span.localEndpoint)
            case 9 << 3 | 2: try endpoint(into: &span.remoteEndpoint)
            case 10 << 3 | 2: span.annotations.append(try annotation(&span))
            case 11 << 3 | 2: span.tags.append(try tagEntry())
            case 12 << 3: span.isDebug = try cursor.varint() != 0
            case 13 << 3: span.isShared = try cursor.varint() != 0
            default: try cursor.skip(tag)
            }
        }
        cursor.leave(outer)
        return span
    }

    /// `message Endpoint { string service_name = 1; bytes ipv4 = 2; bytes ipv6 = 3; int32 port = 4; }`
    private mutating func endpoint(into endpoint: inout ZipkinEndpoint) throws(WireError) {
        let outer = try cursor.enter()
        while !cursor.isAtEnd {
            let tag = try cursor.tag()
            switch tag {
            case 1 << 3 | 2: endpoint.serviceName = try string()
            case 2 << 3 | 2: endpoint.ipv4 = Self.ipv4(try cursor.bytes())
            case 3 << 3 | 2: endpoint.ipv6 = Self.ipv6(try cursor.bytes())
            case 4 << 3: endpoint.port = UInt16(exactly: try cursor.varint()) ?? 0
            default: try cursor.skip(tag)
            }
        }
        cursor.leave(outer)
    }

    /// `message Annotation { fixed64 timestamp = 1; string value = 2; }`
    private mutating func annotation(_ span: inout ZipkinSpan) throws(WireError) -> ZipkinAnnotation {
        try budget.take()
        let outer = try cursor.enter()
        var annotation = ZipkinAnnotation(timestamp: 0, value: "")
        while !cursor.isAtEnd {
            let tag = try cursor.tag()
            switch tag {
            case 1 << 3 | 1: annotation.timestamp = Self.time("annotation timestamp", try cursor.fixed64(), &span) ?? 0
            case 2 << 3 | 2: annotation.value = try string()
            default: try cursor.skip(tag)
            }
        }
        cursor.leave(outer)
        return annotation
    }

    /// An entry of the map: `string key = 1; string value = 2;`
    private mutating func tagEntry() throws(WireError) -> Attribute {
        try budget.take()
        let outer = try cursor.enter()
        var entry = Attribute(key: "", value: "")
        while !cursor.isAtEnd {
            let tag = try cursor.tag()
            switch tag {
            case 1 << 3 | 2: entry.key = try string()
            case 2 << 3 | 2: entry.value = .string(try string())
            default: try cursor.skip(tag)
            }
        }
        cursor.leave(outer)
        return entry
    }

    // MARK: Scalars

    private mutating func string() throws(WireError) -> String {
        let bytes = try cursor.bytes()
        guard let start = bytes.baseAddress else { return "" }
        return strings.string(start, bytes.count)
    }

    /// An id as its hexadecimal digits; more bytes than an id has give more digits, which are refused where they are read.
    private mutating func id() throws(WireError) -> String {
        let bytes = try cursor.bytes()
        return String(decoding: bytes.prefix(17).flatMap { [Hex.digit($0 >> 4), Hex.digit($0 & 15)] }, as: UTF8.self)
    }

    private static func time(_ name: String, _ value: UInt64, _ span: inout ZipkinSpan) -> UInt64? {
        guard value <= ZipkinSpan.maximumTime else {
            span.refuse("\(name) \(value), expected microseconds up to \(ZipkinSpan.maximumTime)")
            return nil
        }
        return value == 0 ? nil : value
    }

    private static func kind(_ value: UInt64) -> SpanKind? {
        switch value {
        case 1: .client
        case 2: .server
        case 3: .producer
        case 4: .consumer
        default: nil
        }
    }

    private static func ipv4(_ bytes: UnsafeBufferPointer<UInt8>) -> String {
        bytes.count == 4 ? bytes.map { String($0) }.joined(separator: ".") : ""
    }

    /// The text of RFC 5952: groups without leading zeros, the first longest run of zeros as `::`.
    static func ipv6(_ bytes: UnsafeBufferPointer<UInt8>) -> String {
        guard bytes.count == 16 else { return "" }
        let groups = stride(from: 0, to: 16, by: 2).map { UInt16(bytes[$0]) << 8 | UInt16(bytes[$0 + 1]) }
        var run = 0..<0
        var index = 0
        while index < groups.count {
            var end = index
            while end < groups.count, groups[end] == 0 { end += 1 }
            // A single group is not worth it.
            if end - index > max(run.count, 1) { run = index..<end }
            index = max(end, index + 1)
        }
        func text(_ part: ArraySlice<UInt16>) -> String { part.map { String($0, radix: 16) }.joined(separator: ":") }
        return run.isEmpty ? text(groups[...]) : text(groups[..<run.lowerBound]) + "::" + text(groups[run.upperBound...])
    }
}
