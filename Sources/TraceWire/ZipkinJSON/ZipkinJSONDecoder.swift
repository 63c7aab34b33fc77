internal import JSONCoding
internal import TraceModel

/// Reads Zipkin's v2 JSON.
///
/// Only broken JSON stops it. A member of the wrong type costs its span when the span makes no sense without it, and is
/// read as what it must have meant otherwise.
struct ZipkinJSONDecoder: ~Copyable {
    var strings = StringCache()
    var budget: ElementBudget
    var groups = ZipkinGroups()
    /// A list may stand for a span: the spans of a trace, as Zipkin's search answers.
    private let acceptsTraces: Bool

    init(maximumElements: Int, acceptsTraces: Bool = false) {
        budget = ElementBudget(maximumElements)
        self.acceptsTraces = acceptsTraces
    }

    /// `[Span]`
    mutating func decode(_ reader: inout JSONReader) throws -> DecodedSpans {
        try list(&reader, isTrace: false) { decoder, reader in try decoder.groups.add(try decoder.span(&reader), &decoder.budget) }
        return groups.decoded
    }

    /// A list of spans; one that is no object is refused alone.
    mutating func list(
        _ reader: inout JSONReader, isTrace: Bool, _ span: (inout ZipkinJSONDecoder, inout JSONReader) throws -> Void
    ) throws {
        try reader.beginArray()
        while try reader.nextElement() {
            try budget.take()
            switch try reader.peek() {
            case .object: try span(&self, &reader)
            case .array where acceptsTraces && !isTrace: try list(&reader, isTrace: true, span)
            default:
                groups.refuse(name: "", "no members, expected a JSON object")
                try reader.skip()
            }
        }
    }

    /// `{"traceId":hex,"id":hex,"parentId":hex,"name":string,"kind":string,"timestamp":µs,"duration":µs,"localEndpoint":Endpoint,
    /// "remoteEndpoint":Endpoint,"annotations":[Annotation],"tags":{string:string},"debug":bool,"shared":bool}`
    private mutating func span(_ reader: inout JSONReader) throws -> ZipkinSpan {
        var span = ZipkinSpan()
        try reader.beginObject()
        while let key = try reader.nextKey() {
            if try reader.readNull() { continue }
            switch key {
            case "kind": try kind(&reader, &span)
            case "localEndpoint": span.localEndpoint = try endpoint(&reader)
            case "remoteEndpoint": span.remoteEndpoint = try endpoint(&reader)
            case "annotations":
                try objects("annotations", &reader, &span) { decoder, reader, span in
                    span.annotations.append(try decoder.annotation(&reader, &span))
                }
            case "tags": try tags(&reader, &span)
            case "shared": span.isShared = try flag(&reader)
            default: try member(key, &reader, &span)
            }
        }
        return span
    }

    /// A member that both versions have, or one that neither has.
    mutating func member(_ key: JSONKey, _ reader: inout JSONReader, _ span: inout ZipkinSpan) throws {
        switch key {
        case "traceId": span.setTraceID(try strings.text(&reader))
        case "id": span.setSpanID(try strings.text(&reader))
        case "parentId": span.setParentSpanID(try strings.text(&reader))
        case "name": span.name = try strings.text(&reader)
        case "timestamp": span.timestamp = try time("timestamp", &reader, &span)
        case "duration": span.duration = try time("duration", &reader, &span)
        case "debug": span.isDebug = try flag(&reader)
        default:
            try budget.take()
            let name = ZipkinTag.otherPrefix + key.string
            span.others.append(Attribute(key: name, value: try PlainJSON.read(&reader, &budget)))
        }
    }

    private mutating func kind(_ reader: inout JSONReader, _ span: inout ZipkinSpan) throws {
        let text = try strings.text(&reader)
        span.kind = ZipkinSpan.kind(text)
        if span.kind == nil, !text.isEmpty { span.others.append(Attribute(key: ZipkinTag.otherPrefix + "kind", value: .string(text))) }
    }

    /// `{"serviceName":string,"ipv4":string,"ipv6":string,"port":int}`
    mutating func endpoint(_ reader: inout JSONReader) throws -> ZipkinEndpoint {
        var endpoint = ZipkinEndpoint()
        guard try reader.peek() == .object else {
            try reader.skip()
            return endpoint
        }
        try reader.beginObject()
        while let key = try reader.nextKey() {
            if try reader.readNull() { continue }
            switch key {
            case "serviceName": endpoint.serviceName = try strings.text(&reader)
            case "ipv4": endpoint.ipv4 = try strings.text(&reader)
            case "ipv6": endpoint.ipv6 = try strings.text(&reader)
            case "port": endpoint.port = UInt16(exactly: Double(try strings.text(&reader)) ?? 0) ?? 0
            default: try reader.skip()
            }
        }
        return endpoint
    }

    /// A list of objects, each of which `element` reads; the span is refused when it is none.
    mutating func objects(
        _ name: String, _ reader: inout JSONReader, _ span: inout ZipkinSpan,
        _ element: (inout ZipkinJSONDecoder, inout JSONReader, inout ZipkinSpan) throws -> Void
    ) throws {
        guard try reader.peek() == .array else {
            span.refuse("\(name) that are no JSON list")
            return try reader.skip()
        }
        try reader.beginArray()
        while try reader.nextElement() {
            try budget.take()
            if try reader.readNull() { continue }
            if try reader.peek() == .object {
                try element(&self, &reader, &span)
            } else {
                span.refuse("one of its \(name) that is no JSON object")
                try reader.skip()
            }
        }
    }

    /// `{"timestamp":µs,"value":string}`
    private mutating func annotation(_ reader: inout JSONReader, _ span: inout ZipkinSpan) throws -> ZipkinAnnotation {
        var annotation = ZipkinAnnotation(timestamp: 0, value: "")
        try reader.beginObject()
        while let key = try reader.nextKey() {
            if try reader.readNull() { continue }
            switch key {
            case "timestamp": annotation.timestamp = try time("annotation timestamp", &reader, &span) ?? 0
            case "value": annotation.value = try strings.text(&reader)
            default: try reader.skip()
            }
        }
        return annotation
    }

    /// `{string:string}`
    private mutating func tags(_ reader: inout JSONReader, _ span: inout ZipkinSpan) throws {
        guard try reader.peek() == .object else {
            span.refuse("tags that are no JSON object")
            return try reader.skip()
        }
        try reader.beginObject()
        while let key = try reader.nextKey() {
            try budget.take()
            let name = key.string
            let value = try reader.peek() == .string ? .string(try strings.text(&reader)) : try PlainJSON.read(&reader, &budget)
            span.tags.append(Attribute(key: name, value: value))
        }
    }

    // MARK: Scalars

    mutating func flag(_ reader: inout JSONReader) throws -> Bool {
        let text = try strings.text(&reader)
        return text == "true" || text == "1"
    }

    /// Microseconds as a number or as its digits between quotes; 0 means absent, a fraction is cut.
    mutating func time(_ name: String, _ reader: inout JSONReader, _ span: inout ZipkinSpan) throws -> UInt64? {
        let text = try strings.text(&reader)
        // Beyond 2^53 a `Double` is not exact; whole numbers do not come here.
        let value = UInt64(text) ?? Double(text).flatMap { UInt64(exactly: $0.rounded(.down)) }
        guard let value, value <= ZipkinSpan.maximumTime else {
            span.refuse("\(name) '\(text.prefix(40))', expected microseconds, a whole number from 0 to \(ZipkinSpan.maximumTime)")
            return nil
        }
        return value == 0 ? nil : value
    }
}
