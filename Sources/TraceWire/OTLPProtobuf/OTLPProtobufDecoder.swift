internal import TraceModel

/// Reads `ExportTraceServiceRequest` (the same bytes as `TracesData`) straight into the model.
///
/// Tags are written as `number << 3 | wire type`. A field with another wire type than its own, and a field that is not named
/// here, is stepped over, as protobuf has it for unknown fields. A message that comes twice is merged.
struct OTLPProtobufDecoder: ~Copyable {
    var cursor: ProtobufCursor
    var strings = StringCache()
    var rejections = Rejections()
    var budget: ElementBudget

    /// What to leave out; `nil` when everything is wanted.
    let choice: OTLPChoice?
    /// Nothing is left out: asked at every attribute.
    let wantsAll: Bool
    /// All attributes of spans, events and links are left out.
    let wantsNone: Bool

    init(_ bytes: UnsafeBufferPointer<UInt8>, base: UnsafePointer<UInt8>, maximumElements: Int, choice: OTLPChoice? = nil) {
        self.choice = choice
        wantsAll = choice?.keys == nil
        wantsNone = choice?.keys?.isEmpty ?? false
        budget = ElementBudget(maximumElements)
        cursor = ProtobufCursor(bytes, base: base, schema: .otlp)
    }

    /// `message ExportTraceServiceRequest { repeated ResourceSpans resource_spans = 1; }`
    mutating func decode() throws(WireError) -> DecodedSpans {
        var batch = SpanBatch()
        while !cursor.isAtEnd {
            let tag = try cursor.tag()
            if tag == 1 << 3 | 2 {
                let group = try resourceSpans()
                if choice == nil || !group.scopeSpans.isEmpty { batch.resourceSpans.append(group) }
            } else {
                try cursor.skip(tag)
            }
        }
        // Where no span makes sense, the request is none.
        if let error = rejections.firstError as? WireError, batch.spanCount == 0 { throw error }
        return DecodedSpans(batch: batch, rejectedSpanCount: rejections.count, rejectionMessage: rejections.message)
    }

    /// `message ResourceSpans { Resource resource = 1; repeated ScopeSpans scope_spans = 2; string schema_url = 3; }`
    private mutating func resourceSpans() throws(WireError) -> ResourceSpans {
        try budget.take()
        let outer = try cursor.enter()
        var result = ResourceSpans()
        while !cursor.isAtEnd {
            let tag = try cursor.tag()
            switch tag {
            case 1 << 3 | 2:
                try resource(into: &result.resource)
                if let wants = choice?.wantsResource, !wants(result.resource) {
                    cursor.leave(outer)
                    return ResourceSpans()
                }
            case 2 << 3 | 2:
                // A message without a resource has not been judged yet.
                if result.scopeSpans.isEmpty, result.resource == Resource(), let wants = choice?.wantsResource, !wants(result.resource) {
                    cursor.leave(outer)
                    return ResourceSpans()
                }
                let group = try scopeSpans()
                if choice == nil || !group.spans.isEmpty { result.scopeSpans.append(group) }
            case 3 << 3 | 2: result.schemaURL = try string()
            default: try cursor.skip(tag)
            }
        }
        cursor.leave(outer)
        return result
    }

    /// `message Resource { repeated KeyValue attributes = 1; uint32 dropped_attributes_count = 2; }`
    private mutating func resource(into result: inout Resource) throws(WireError) {
        let outer = try cursor.enter()
        while !cursor.isAtEnd {
            let tag = try cursor.tag()
            switch tag {
            case 1 << 3 | 2: try attribute(tag, into: &result.attributes, keys: choice?.resourceKeys)
            case 2 << 3: result.droppedAttributesCount = UInt32(truncatingIfNeeded: try cursor.varint())
            default: try cursor.skip(tag)
            }
        }
        cursor.leave(outer)
    }

    /// `message ScopeSpans { InstrumentationScope scope = 1; repeated Span spans = 2; string schema_url = 3; }`
    private mutating func scopeSpans() throws(WireError) -> ScopeSpans {
        try budget.take()
        let outer = try cursor.enter()
        var result = ScopeSpans()
        // Looked ahead once only: were every span refused, looking again at each would take quadratic time.
        var hasReserved = false
        while !cursor.isAtEnd {
            let tag = try cursor.tag()
            switch tag {
            case 1 << 3 | 2: try scope(into: &result.scope)
            case 2 << 3 | 2:
                if !hasReserved, choice?.wantsSpan == nil { result.spans.reserveCapacity(cursor.runLength(tag)) }
                hasReserved = true
                if let span = try spanOrNone() { result.spans.append(span) }
            case 3 << 3 | 2: result.schemaURL = try string()
            default: try cursor.skip(tag)
            }
        }
        cursor.leave(outer)
        return result
    }

    /// `message InstrumentationScope { string name = 1; string version = 2; repeated KeyValue attributes = 3;
    /// uint32 dropped_attributes_count = 4; }`
    private mutating func scope(into result: inout InstrumentationScope) throws(WireError) {
        let outer = try cursor.enter()
        while !cursor.isAtEnd {
            let tag = try cursor.tag()
            switch tag {
            case 1 << 3 | 2: result.name = try string()
            case 2 << 3 | 2: result.version = try string()
            case 3 << 3 | 2: try attribute(tag, into: &result.attributes, keys: choice?.scopeKeys)
            case 4 << 3: result.droppedAttributesCount = UInt32(truncatingIfNeeded: try cursor.varint())
            default: try cursor.skip(tag)
            }
        }
        cursor.leave(outer)
    }

    /// Reads a span; one whose bytes make no sense is stepped over and counted.
    private mutating func spanOrNone() throws(WireError) -> Span? {
        let start = cursor
        do throws(WireError) {
            return try span()
        } catch {
            guard let reason = Rejections.reason(error) else { throw error }
            cursor = start
            _ = try cursor.bytes()
            rejections.add(span: start.nameOfBrokenMessage(5 << 3 | 2), error, reason)
            return nil
        }
    }

    /// `message Span { bytes trace_id = 1; bytes span_id = 2; string trace_state = 3; bytes parent_span_id = 4; string name = 5;
    /// SpanKind kind = 6; fixed64 start_time_unix_nano = 7; fixed64 end_time_unix_nano = 8; repeated KeyValue attributes = 9;
    /// uint32 dropped_attributes_count = 10; repeated Event events = 11; uint32 dropped_events_count = 12;
    /// repeated Link links = 13; uint32 dropped_links_count = 14; Status status = 15; fixed32 flags = 16; }`
    ///
    /// - Returns: `nil` for a span with invalid ids, which is counted, and for one that is not chosen.
    private mutating func span() throws(WireError) -> Span? {
        try budget.take()
        let outer = try cursor.enter()
        if let wants = choice?.wantsSpan, !wants(try head()) {
            cursor.leave(outer)
            return nil
        }
        var span = Span(traceID: TraceID(high: 0, low: 0), spanID: SpanID(0), name: "", kind: .unspecified, startTime: 0, endTime: 0)
        var problem = IDProblem.none
        while !cursor.isAtEnd {
            let tag = try cursor.tag()
            switch tag {
            case 1 << 3 | 2: span.traceID = try traceID(&problem)
            case 2 << 3 | 2: span.spanID = try spanID(&problem)
            case 3 << 3 | 2: span.traceState = try string()
            case 4 << 3 | 2: span.parentSpanID = try parentSpanID(&problem)
            case 5 << 3 | 2: span.name = try string()
            case 6 << 3: span.kind = SpanKind(rawValue: UInt8(clamping: try cursor.varint())) ?? .unspecified
            case 7 << 3 | 1: span.startTime = try cursor.fixed64()
            case 8 << 3 | 1: span.endTime = try cursor.fixed64()
            case 9 << 3 | 2: try attribute(tag, into: &span.attributes)
            case 10 << 3: span.droppedAttributesCount = UInt32(truncatingIfNeeded: try cursor.varint())
            case 11 << 3 | 2 where choice?.events == false, 13 << 3 | 2 where choice?.links == false: try cursor.skip(tag)
            case 11 << 3 | 2:
                if span.events.isEmpty { span.events.reserveCapacity(cursor.runLength(tag)) }
                span.events.append(try event())
            case 12 << 3: span.droppedEventsCount = UInt32(truncatingIfNeeded: try cursor.varint())
            case 13 << 3 | 2: span.links.append(try link())
            case 14 << 3: span.droppedLinksCount = UInt32(truncatingIfNeeded: try cursor.varint())
            case 15 << 3 | 2: try status(into: &span.status)
            case 16 << 3 | 5: span.flags = try cursor.fixed32()
            default: try cursor.skip(tag)
            }
        }
        cursor.leave(outer)
        if let problem = problem.text(for: span) {
            rejections.add(span: span.name, problem)
            return nil
        }
        return span
    }

    /// Looks ahead at the fields before a span's attributes.
    private func head() throws(WireError) -> OTLPChoice.Head {
        var ahead = cursor
        var head = OTLPChoice.Head(
            traceID: TraceID(high: 0, low: 0), hasParent: false, name: UnsafeBufferPointer(start: nil, count: 0), kind: .unspecified,
            startTime: 0, endTime: 0
        )
        while !ahead.isAtEnd {
            let tag = try ahead.tag()
            switch tag {
            case 1 << 3 | 2:
                let bytes = try ahead.bytes()
                if bytes.count == 16 { head.traceID = TraceID(high: Self.bigEndian(bytes, 0), low: Self.bigEndian(bytes, 8)) }
            case 4 << 3 | 2:
                let bytes = try ahead.bytes()
                head.hasParent = bytes.count == 8 && Self.bigEndian(bytes, 0) != 0
            case 5 << 3 | 2: head.name = try ahead.bytes()
            case 6 << 3: head.kind = SpanKind(rawValue: UInt8(clamping: try ahead.varint())) ?? .unspecified
            case 7 << 3 | 1: head.startTime = try ahead.fixed64()
            case 8 << 3 | 1: head.endTime = try ahead.fixed64()
            case (9 << 3)...: return head
            default: try ahead.skip(tag)
            }
        }
        return head
    }

    /// `message Event { fixed64 time_unix_nano = 1; string name = 2; repeated KeyValue attributes = 3;
    /// uint32 dropped_attributes_count = 4; }`
    private mutating func event() throws(WireError) -> SpanEvent {
        try budget.take()
        let outer = try cursor.enter()
        var event = SpanEvent(time: 0, name: "")
        while !cursor.isAtEnd {
            let tag = try cursor.tag()
            switch tag {
            case 1 << 3 | 1: event.time = try cursor.fixed64()
            case 2 << 3 | 2: event.name = try string()
            case 3 << 3 | 2: try attribute(tag, into: &event.attributes)
            case 4 << 3: event.droppedAttributesCount = UInt32(truncatingIfNeeded: try cursor.varint())
            default: try cursor.skip(tag)
            }
        }
        cursor.leave(outer)
        return event
    }

    /// `message Link { bytes trace_id = 1; bytes span_id = 2; string trace_state = 3; repeated KeyValue attributes = 4;
    /// uint32 dropped_attributes_count = 5; fixed32 flags = 6; }`
    ///
    /// An id of another length becomes the invalid id: a link that leads nowhere does not cost the span.
    private mutating func link() throws(WireError) -> SpanLink {
        try budget.take()
        let outer = try cursor.enter()
        var link = SpanLink(traceID: TraceID(high: 0, low: 0), spanID: SpanID(0))
        var ignored = IDProblem.none
        while !cursor.isAtEnd {
            let tag = try cursor.tag()
            switch tag {
            case 1 << 3 | 2: link.traceID = try traceID(&ignored)
            case 2 << 3 | 2: link.spanID = try spanID(&ignored)
            case 3 << 3 | 2: link.traceState = try string()
            case 4 << 3 | 2: try attribute(tag, into: &link.attributes)
            case 5 << 3: link.droppedAttributesCount = UInt32(truncatingIfNeeded: try cursor.varint())
            case 6 << 3 | 5: link.flags = try cursor.fixed32()
            default: try cursor.skip(tag)
            }
        }
        cursor.leave(outer)
        return link
    }

    /// `message Status { reserved 1; string message = 2; StatusCode code = 3; }`
    private mutating func status(into result: inout SpanStatus) throws(WireError) {
        let outer = try cursor.enter()
        while !cursor.isAtEnd {
            let tag = try cursor.tag()
            switch tag {
            case 2 << 3 | 2: result.message = try string()
            case 3 << 3: result.code = SpanStatus.Code(rawValue: UInt8(clamping: try cursor.varint())) ?? .unset
            default: try cursor.skip(tag)
            }
        }
        cursor.leave(outer)
    }

    // MARK: Ids

    private mutating func traceID(_ problem: inout IDProblem) throws(WireError) -> TraceID {
        let bytes = try cursor.bytes()
        guard bytes.count == 16 else {
            problem = .traceID("of \(bytes.count) bytes")
            return TraceID(high: 0, low: 0)
        }
        return TraceID(high: Self.bigEndian(bytes, 0), low: Self.bigEndian(bytes, 8))
    }

    private mutating func spanID(_ problem: inout IDProblem) throws(WireError) -> SpanID {
        let bytes = try cursor.bytes()
        guard bytes.count == 8 else {
            problem = .spanID("of \(bytes.count) bytes")
            return SpanID(0)
        }
        return SpanID(Self.bigEndian(bytes, 0))
    }

    /// No bytes and all zero both mean a root span.
    private mutating func parentSpanID(_ problem: inout IDProblem) throws(WireError) -> SpanID? {
        let bytes = try cursor.bytes()
        if bytes.isEmpty { return nil }
        guard bytes.count == 8 else {
            problem = .parentSpanID("of \(bytes.count) bytes")
            return nil
        }
        let id = SpanID(Self.bigEndian(bytes, 0))
        return id.isValid ? id : nil
    }

    private static func bigEndian(_ bytes: UnsafeBufferPointer<UInt8>, _ offset: Int) -> UInt64 {
        // In bounds: callers checked the length; `loadUnaligned` checks it in debug builds too.
        UInt64(bigEndian: UnsafeRawBufferPointer(bytes).loadUnaligned(fromByteOffset: offset, as: UInt64.self))
    }
}
