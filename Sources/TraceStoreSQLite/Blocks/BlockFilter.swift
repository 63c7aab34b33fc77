internal import TraceModel
internal import TraceStore

/// Picks spans out of a block's bytes without decoding the others: a block has thousands of spans, a read wants a few.
///
/// The bytes are an `ExportTraceServiceRequest` as the store's own encoder wrote it, fields in the order of their numbers.
struct BlockFilter {
    /// The fields of a span that decide without decoding it.
    struct Head {
        var traceID = TraceID(high: 0, low: 0)
        var startTime: UInt64 = 0
        var endTime: UInt64 = 0
        var name: Range<Int> = 0..<0
    }

    /// Bytes that a resource must contain to matter; `nil` for all.
    var resourceText: [UInt8]?
    /// Exact span name; `nil` for all.
    var name: [UInt8]?
    /// The rest of the decision.
    var wants: (Head) -> Bool

    /// A filter for some traces.
    static func traces(_ ids: Set<TraceID>) -> BlockFilter {
        if ids.count == 1, let only = ids.first { return BlockFilter { $0.traceID == only } }
        return BlockFilter { ids.contains($0.traceID) }
    }

    /// A filter that leaves every span which the search matches, and few others.
    static func candidates(_ search: TraceSearch) -> BlockFilter {
        var filter = BlockFilter { head in
            let duration = head.endTime > head.startTime ? head.endTime - head.startTime : 0
            return search.startTime.contains(head.startTime) && duration >= search.minimumDuration ?? 0
                && duration <= search.maximumDuration ?? .max
        }
        filter.name = search.operation.map { Array($0.utf8) }
        // A resource without a name is called so, without having the text.
        if let service = search.service, service != Resource.unknownService { filter.resourceText = Array(service.utf8) }
        return filter
    }

    /// The same message with only the spans wanted; groups without any are left out.
    func apply(_ bytes: [UInt8]) throws(StoreError) -> [UInt8] {
        var output: [UInt8] = []
        var isValid = true
        bytes.withUnsafeBytes { buffer in
            var cursor = Cursor(buffer, 0..<buffer.count)
            while let field = cursor.next() {
                if field.number == 1, field.isBytes { resourceSpans(Cursor(buffer, field.value), &output, &isValid) }
            }
            if cursor.isBroken { isValid = false }
        }
        guard isValid else { throw StoreError(code: .corrupt, message: "the block's message is cut off") }
        return output
    }

    /// `message ResourceSpans { Resource resource = 1; repeated ScopeSpans scope_spans = 2; string schema_url = 3; }`
    private func resourceSpans(_ start: Cursor, _ output: inout [UInt8], _ isValid: inout Bool) {
        var cursor = start
        var group: [UInt8] = []
        var hasSpans = false
        while let field = cursor.next() {
            if field.number == 2, field.isBytes {
                hasSpans = scopeSpans(Cursor(cursor.buffer, field.value), &group, &isValid) || hasSpans
            } else {
                if field.number == 1, let resourceText, !contains(cursor.buffer, field.value, resourceText) { return }
                group.append(contentsOf: cursor.buffer[field.whole])
            }
        }
        if cursor.isBroken { isValid = false }
        if hasSpans { Self.append(tag: 1 << 3 | 2, group, to: &output) }
    }

    /// `message ScopeSpans { InstrumentationScope scope = 1; repeated Span spans = 2; string schema_url = 3; }`
    private func scopeSpans(_ start: Cursor, _ output: inout [UInt8], _ isValid: inout Bool) -> Bool {
        var cursor = start
        var group: [UInt8] = []
        var hasSpans = false
        while let field = cursor.next() {
            if field.number == 2, field.isBytes {
                guard isWanted(Cursor(cursor.buffer, field.value), &isValid) else { continue }
                hasSpans = true
            }
            group.append(contentsOf: cursor.buffer[field.whole])
        }
        if cursor.isBroken { isValid = false }
        if hasSpans { Self.append(tag: 2 << 3 | 2, group, to: &output) }
        return hasSpans
    }

    /// `message Span { bytes trace_id = 1; …; string name = 5; …; fixed64 start_time_unix_nano = 7; fixed64 end_time_unix_nano = 8; … }`
    private func isWanted(_ start: Cursor, _ isValid: inout Bool) -> Bool {
        var cursor = start
        var head = Head()
        while let field = cursor.next() {
            switch field.number {
            case 1 where field.value.count == 16:
                head.traceID = TraceID(high: cursor.word(field.value.lowerBound).bigEndian, low: cursor.word(field.value.lowerBound + 8).bigEndian)
            case 5: head.name = field.value
            case 7 where field.value.count == 8: head.startTime = cursor.word(field.value.lowerBound).littleEndian
            case 8 where field.value.count == 8: head.endTime = cursor.word(field.value.lowerBound).littleEndian
            case 9...: return decide(head, cursor.buffer)
            default: break
            }
        }
        if cursor.isBroken { isValid = false }
        return decide(head, cursor.buffer)
    }

    private func decide(_ head: Head, _ buffer: UnsafeRawBufferPointer) -> Bool {
        if let name, name.count != head.name.count || !contains(buffer, head.name, name) { return false }
        return wants(head)
    }

    private func contains(_ buffer: UnsafeRawBufferPointer, _ range: Range<Int>, _ text: [UInt8]) -> Bool {
        if text.isEmpty { return true }
        guard range.count >= text.count else { return false }
        let first = text[0]
        for start in range.lowerBound...range.upperBound - text.count where buffer[start] == first {
            if text.indices.allSatisfy({ buffer[start + $0] == text[$0] }) { return true }
        }
        return false
    }

    private static func append(tag: UInt8, _ message: [UInt8], to output: inout [UInt8]) {
        output.append(tag)
        var length = message.count
        while length >= 0x80 {
            output.append(UInt8(truncatingIfNeeded: length) | 0x80)
            length >>= 7
        }
        output.append(UInt8(length))
        output.append(contentsOf: message)
    }
}

/// Walks the fields of one protobuf message; every read is checked against the message's range.
private struct Cursor {
    struct Field {
        var number: UInt64
        /// Length-delimited: the value is a message, text or bytes.
        var isBytes: Bool
        var value: Range<Int>
        /// The value with its tag and length.
        var whole: Range<Int>
    }

    let buffer: UnsafeRawBufferPointer
    private var position: Int
    private let end: Int
    private(set) var isBroken = false

    init(_ buffer: UnsafeRawBufferPointer, _ range: Range<Int>) {
        self.buffer = buffer
        position = range.lowerBound
        end = range.upperBound
    }

    /// The next field, or `nil` at the end and when the message is broken.
    mutating func next() -> Field? {
        guard position < end else { return nil }
        let start = position
        guard let tag = varint() else { return broken() }
        var length = 0
        switch tag & 7 {
        case 0:
            let value = position
            guard varint() != nil else { return broken() }
            return Field(number: tag >> 3, isBytes: false, value: value..<position, whole: start..<position)
        case 1: length = 8
        case 5: length = 4
        case 2:
            guard let count = varint(), count <= UInt64(end - position) else { return broken() }
            length = Int(count)
        default: return broken()
        }
        guard length <= end - position else { return broken() }
        let value = position..<position + length
        position = value.upperBound
        return Field(number: tag >> 3, isBytes: tag & 7 == 2, value: value, whole: start..<position)
    }

    /// Eight bytes as they lie; the caller has checked that they are within the message.
    func word(_ offset: Int) -> UInt64 {
        buffer.loadUnaligned(fromByteOffset: offset, as: UInt64.self)
    }

    private mutating func varint() -> UInt64? {
        var value: UInt64 = 0
        var shift: UInt64 = 0
        while position < end, shift < 64 {
            let byte = buffer[position]
            position += 1
            value |= UInt64(byte & 0x7f) << shift
            if byte < 0x80 { return value }
            shift += 7
        }
        return nil
    }

    private mutating func broken() -> Field? {
        isBroken = true
        position = end
        return nil
    }
}
