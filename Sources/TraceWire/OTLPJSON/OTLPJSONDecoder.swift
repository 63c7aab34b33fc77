internal import JSONCoding
internal import TraceModel

/// Reads `ExportTraceServiceRequest` in OTLP's JSON straight into the model.
///
/// The rules of protobuf's JSON mapping with those of OTLP on top (OTLP specification, "JSON Protobuf Encoding"): names in
/// lowerCamelCase, ids in hex of either case, 64-bit integers as strings or numbers, enum values as numbers (names are
/// tolerated), `null` as absent, unknown members ignored.
struct OTLPJSONDecoder: ~Copyable {
    var strings = StringCache()
    var rejections = Rejections()
    var budget: ElementBudget
    /// How many attributes the last list had.
    var attributeCountHint = 0
    /// The document is an answer or a file of some program, not a request: it may stand within other members, and ids may be base64.
    let isStored: Bool

    init(maximumElements: Int, isStored: Bool = false) {
        budget = ElementBudget(maximumElements)
        self.isStored = isStored
    }

    /// Deep enough for an attribute value nested to ``WireLimit/valueDepth``: four levels of JSON each, and the way to it.
    static let maximumJSONDepth = WireLimit.valueDepth * 4 + 32

    /// `{"resourceSpans":[ResourceSpans]}`
    mutating func decode(_ reader: inout JSONReader) throws -> DecodedSpans {
        var batch = SpanBatch()
        try request(&reader, into: &batch)
        return try decoded(batch)
    }

    private mutating func request(_ reader: inout JSONReader, into batch: inout SpanBatch) throws {
        if isStored, try reader.peek() == .array {
            try reader.beginArray()
            while try reader.nextElement() { try request(&reader, into: &batch) }
            return
        }
        try reader.beginObject()
        while let key = try reader.nextKey() {
            if try reader.readNull() { continue }
            switch key {
            case "resourceSpans":
                try reader.beginArray()
                while try reader.nextElement() { batch.resourceSpans.append(try resourceSpans(&reader)) }
            // Tempo's first version.
            case "batches" where isStored:
                try reader.beginArray()
                while try reader.nextElement() { batch.resourceSpans.append(try resourceSpans(&reader)) }
            // Tempo's second version, and Jaeger's third.
            case "trace" where isStored, "result" where isStored: try request(&reader, into: &batch)
            default: try reader.skip()
            }
        }
    }

    /// One span with its resource and scope: `{"resource":Resource,"scope":InstrumentationScope,…}`, then the members of `Span`.
    mutating func decodeLine(_ reader: inout JSONReader) throws -> DecodedSpans {
        var resource = Resource()
        var scope = InstrumentationScope()
        var span = Self.emptySpan
        var problem = IDProblem.none
        try reader.beginObject()
        while let key = try reader.nextKey() {
            if try reader.readNull() { continue }
            switch key {
            case "resource": try self.resource(&reader, into: &resource)
            case "scope": try self.scope(&reader, into: &scope)
            default: try member(key, &reader, into: &span, &problem)
            }
        }
        let spans = accepted(span, problem).map { [$0] } ?? []
        return try decoded(spans.isEmpty ? SpanBatch() : SpanBatch(resource: resource, scope: scope, spans: spans))
    }

    /// - Throws: what was wrong with the first span, when no span of the request makes sense.
    private func decoded(_ batch: SpanBatch) throws -> DecodedSpans {
        if let error = rejections.firstError, batch.spanCount == 0 { throw error }
        return DecodedSpans(batch: batch, rejectedSpanCount: rejections.count, rejectionMessage: rejections.message)
    }

    /// `{"resource":Resource,"scopeSpans":[ScopeSpans],"schemaUrl":string}`
    private mutating func resourceSpans(_ reader: inout JSONReader) throws -> ResourceSpans {
        try budget.take()
        var result = ResourceSpans()
        try reader.beginObject()
        while let key = try reader.nextKey() {
            if try reader.readNull() { continue }
            switch key {
            case "resource": try resource(&reader, into: &result.resource)
            case "scopeSpans":
                try reader.beginArray()
                while try reader.nextElement() { result.scopeSpans.append(try scopeSpans(&reader)) }
            case "schemaUrl": result.schemaURL = try string(&reader)
            default: try reader.skip()
            }
        }
        return result
    }

    /// `{"attributes":[KeyValue],"droppedAttributesCount":uint32}`
    private mutating func resource(_ reader: inout JSONReader, into result: inout Resource) throws {
        try reader.beginObject()
        while let key = try reader.nextKey() {
            if try reader.readNull() { continue }
            switch key {
            case "attributes": try attributes(&reader, into: &result.attributes)
            case "droppedAttributesCount": result.droppedAttributesCount = try uint32(&reader)
            default: try reader.skip()
            }
        }
    }

    /// `{"scope":InstrumentationScope,"spans":[Span],"schemaUrl":string}`
    private mutating func scopeSpans(_ reader: inout JSONReader) throws -> ScopeSpans {
        try budget.take()
        var result = ScopeSpans()
        try reader.beginObject()
        while let key = try reader.nextKey() {
            if try reader.readNull() { continue }
            switch key {
            case "scope": try scope(&reader, into: &result.scope)
            case "spans":
                try reader.beginArray()
                while try reader.nextElement() {
                    if let span = try spanOrNone(&reader) { result.spans.append(span) }
                }
            case "schemaUrl": result.schemaURL = try string(&reader)
            default: try reader.skip()
            }
        }
        return result
    }

    /// `{"name":string,"version":string,"attributes":[KeyValue],"droppedAttributesCount":uint32}`
    private mutating func scope(_ reader: inout JSONReader, into result: inout InstrumentationScope) throws {
        try reader.beginObject()
        while let key = try reader.nextKey() {
            if try reader.readNull() { continue }
            switch key {
            case "name": result.name = try string(&reader)
            case "version": result.version = try string(&reader)
            case "attributes": try attributes(&reader, into: &result.attributes)
            case "droppedAttributesCount": result.droppedAttributesCount = try uint32(&reader)
            default: try reader.skip()
            }
        }
    }

    /// Reads a span; one that is JSON but makes no sense is stepped over and counted.
    private mutating func spanOrNone(_ reader: inout JSONReader) throws -> Span? {
        let start = reader.mark
        do {
            return try span(&reader)
        } catch {
            guard let reason = Rejections.reason(error) else { throw error }
            reader.rewind(to: start)
            let name = (try? Self.nameOfBrokenSpan(&reader)) ?? ""
            reader.rewind(to: start)
            try reader.skip()
            rejections.add(span: name, error, reason)
            return nil
        }
    }

    private static func nameOfBrokenSpan(_ reader: inout JSONReader) throws -> String {
        try reader.beginObject()
        while let key = try reader.nextKey() {
            if key == "name" { return try reader.readString() }
            try reader.skip()
        }
        return ""
    }

    private static let emptySpan = Span(
        traceID: TraceID(high: 0, low: 0), spanID: SpanID(0), name: "", kind: .unspecified, startTime: 0, endTime: 0)

    /// - Returns: `nil` for a span with invalid ids, which is counted.
    private mutating func span(_ reader: inout JSONReader) throws -> Span? {
        try budget.take()
        var span = Self.emptySpan
        var problem = IDProblem.none
        try reader.beginObject()
        while let key = try reader.nextKey() {
            if try reader.readNull() { continue }
            try member(key, &reader, into: &span, &problem)
        }
        return accepted(span, problem)
    }

    private mutating func accepted(_ span: consuming Span, _ problem: IDProblem) -> Span? {
        if let problem = problem.text(for: span) {
            rejections.add(span: span.name, problem)
            return nil
        }
        return span
    }

    /// `{"traceId":hex,"spanId":hex,"traceState":string,"parentSpanId":hex,"flags":uint32,"name":string,"kind":SpanKind,
    /// "startTimeUnixNano":uint64,"endTimeUnixNano":uint64,"attributes":[KeyValue],"droppedAttributesCount":uint32,
    /// "events":[Event],"droppedEventsCount":uint32,"links":[Link],"droppedLinksCount":uint32,"status":Status}`
    @inline(__always)
    private mutating func member(_ key: JSONKey, _ reader: inout JSONReader, into span: inout Span, _ problem: inout IDProblem) throws {
        switch key {
        case "traceId": span.traceID = try traceID(&reader, &problem)
        case "spanId": span.spanID = try spanID(&reader, &problem) ?? SpanID(0)
        case "parentSpanId": span.parentSpanID = try parentSpanID(&reader, &problem)
        case "name": span.name = try string(&reader)
        case "kind": span.kind = SpanKind(rawValue: try enumValue(&reader, Self.kindNames)) ?? .unspecified
        case "startTimeUnixNano": span.startTime = try uint64(&reader)
        case "endTimeUnixNano": span.endTime = try uint64(&reader)
        case "attributes": try attributes(&reader, into: &span.attributes)
        case "events":
            try reader.beginArray()
            while try reader.nextElement() { span.events.append(try event(&reader)) }
        case "links":
            try reader.beginArray()
            while try reader.nextElement() { span.links.append(try link(&reader)) }
        case "status": try status(&reader, into: &span.status)
        case "flags": span.flags = try uint32(&reader)
        case "traceState": span.traceState = try string(&reader)
        case "droppedAttributesCount": span.droppedAttributesCount = try uint32(&reader)
        case "droppedEventsCount": span.droppedEventsCount = try uint32(&reader)
        case "droppedLinksCount": span.droppedLinksCount = try uint32(&reader)
        default: try reader.skip()
        }
    }

    /// `{"timeUnixNano":uint64,"name":string,"attributes":[KeyValue],"droppedAttributesCount":uint32}`
    private mutating func event(_ reader: inout JSONReader) throws -> SpanEvent {
        try budget.take()
        var event = SpanEvent(time: 0, name: "")
        try reader.beginObject()
        while let key = try reader.nextKey() {
            if try reader.readNull() { continue }
            switch key {
            case "timeUnixNano": event.time = try uint64(&reader)
            case "name": event.name = try string(&reader)
            case "attributes": try attributes(&reader, into: &event.attributes)
            case "droppedAttributesCount": event.droppedAttributesCount = try uint32(&reader)
            default: try reader.skip()
            }
        }
        return event
    }

    /// `{"traceId":hex,"spanId":hex,"traceState":string,"attributes":[KeyValue],"droppedAttributesCount":uint32,"flags":uint32}`
    ///
    /// A broken id becomes the invalid id: a link that leads nowhere does not cost the span.
    private mutating func link(_ reader: inout JSONReader) throws -> SpanLink {
        try budget.take()
        var link = SpanLink(traceID: TraceID(high: 0, low: 0), spanID: SpanID(0))
        var ignored = IDProblem.none
        try reader.beginObject()
        while let key = try reader.nextKey() {
            if try reader.readNull() { continue }
            switch key {
            case "traceId": link.traceID = try traceID(&reader, &ignored)
            case "spanId": link.spanID = try spanID(&reader, &ignored) ?? SpanID(0)
            case "traceState": link.traceState = try string(&reader)
            case "attributes": try attributes(&reader, into: &link.attributes)
            case "droppedAttributesCount": link.droppedAttributesCount = try uint32(&reader)
            case "flags": link.flags = try uint32(&reader)
            default: try reader.skip()
            }
        }
        return link
    }

    /// `{"message":string,"code":StatusCode}`
    private mutating func status(_ reader: inout JSONReader, into result: inout SpanStatus) throws {
        try reader.beginObject()
        while let key = try reader.nextKey() {
            if try reader.readNull() { continue }
            switch key {
            case "message": result.message = try string(&reader)
            case "code": result.code = SpanStatus.Code(rawValue: try enumValue(&reader, Self.statusNames)) ?? .unset
            default: try reader.skip()
            }
        }
    }
}
