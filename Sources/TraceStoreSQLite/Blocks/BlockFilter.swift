internal import TraceModel
internal import TraceStore

/// Picks spans out of a block's bytes without decoding the others: a block has thousands of spans, a read wants a few.
///
/// The bytes are an `ExportTraceServiceRequest` as the store's own encoder wrote it, fields in the order of their numbers.
struct BlockFilter: Sendable {
    /// The fields of a span that decide without decoding it.
    struct Head: Sendable {
        var traceID = TraceID(high: 0, low: 0)
        var startTime: UInt64 = 0
        var endTime: UInt64 = 0
        var name: Range<Int> = 0..<0
    }

    /// Bytes that a resource must contain to matter; `nil` for all.
    var resourceText: [UInt8]?
    /// Exact span name; `nil` for all.
    var name: [UInt8]?
    /// Conditions on attributes, judged where that can be done without decoding.
    var tags: [TagPattern] = []
    /// The rest of the decision.
    var wants: @Sendable (Head) -> Bool

    /// A filter that leaves every span which the search matches, and few others.
    static func candidates(_ search: TraceSearch) -> BlockFilter {
        var filter = BlockFilter { head in
            let duration = head.endTime > head.startTime ? head.endTime - head.startTime : 0
            return search.startTime.contains(head.startTime) && duration >= search.minimumDuration ?? 0
                && duration <= search.maximumDuration ?? .max
        }
        filter.tags = search.attributes.compactMap(TagPattern.init)
        filter.name = search.operation?.exactBytes
        // A resource without a name is called so, without having the text.
        if let service = search.service, service != Resource.unknownService { filter.resourceText = service.exactBytes }
        return filter
    }

    /// The same message with only the spans wanted; groups without any are left out.
    func apply(_ bytes: [UInt8]) throws(StoreError) -> [UInt8] {
        var output: [UInt8] = []
        var isValid = true
        bytes.withUnsafeBytes { buffer in
            var cursor = ProtobufFields(buffer, 0..<buffer.count)
            while let field = cursor.next() {
                if field.number == 1, field.isBytes { resourceSpans(ProtobufFields(buffer, field.value), &output, &isValid) }
            }
            if cursor.isBroken { isValid = false }
        }
        guard isValid else { throw StoreError(code: .corrupt, message: "the block's message is cut off") }
        return output
    }

    /// `message ResourceSpans { Resource resource = 1; repeated ScopeSpans scope_spans = 2; string schema_url = 3; }`
    private func resourceSpans(_ start: ProtobufFields, _ output: inout [UInt8], _ isValid: inout Bool) {
        var cursor = start
        var group: [UInt8] = []
        var hasSpans = false
        var tags = self.tags
        while let field = cursor.next() {
            if field.number == 2, field.isBytes {
                hasSpans = scopeSpans(ProtobufFields(cursor.buffer, field.value), tags, &group, &isValid) || hasSpans
            } else {
                if field.number == 1, let resourceText, !cursor.buffer.contains(resourceText, in: field.value) { return }
                // What the resource may satisfy is left to the decoded spans.
                if field.number == 1 { tags.removeAll { cursor.buffer.contains($0.key, in: field.value) } }
                group.append(contentsOf: cursor.buffer[field.whole])
            }
        }
        if cursor.isBroken { isValid = false }
        if hasSpans { Self.append(tag: 1 << 3 | 2, group, to: &output) }
    }

    /// `message ScopeSpans { InstrumentationScope scope = 1; repeated Span spans = 2; string schema_url = 3; }`
    private func scopeSpans(_ start: ProtobufFields, _ tags: [TagPattern], _ output: inout [UInt8], _ isValid: inout Bool) -> Bool {
        var cursor = start
        var tags = tags
        var group: [UInt8] = []
        var hasSpans = false
        while let field = cursor.next() {
            if field.number == 2, field.isBytes {
                let span = ProtobufFields(cursor.buffer, field.value)
                guard isWanted(span, &isValid), tags.allSatisfy({ $0.mayMatch(span) }) else { continue }
                hasSpans = true
            } else if field.number == 1 {
                tags.removeAll { cursor.buffer.contains($0.key, in: field.value) }
            }
            group.append(contentsOf: cursor.buffer[field.whole])
        }
        if cursor.isBroken { isValid = false }
        if hasSpans { Self.append(tag: 2 << 3 | 2, group, to: &output) }
        return hasSpans
    }

    /// `message Span { bytes trace_id = 1; …; string name = 5; …; fixed64 start_time_unix_nano = 7; fixed64 end_time_unix_nano = 8; … }`
    private func isWanted(_ start: ProtobufFields, _ isValid: inout Bool) -> Bool {
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
        if let name, name.count != head.name.count || !buffer.contains(name, in: head.name) { return false }
        return wants(head)
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
