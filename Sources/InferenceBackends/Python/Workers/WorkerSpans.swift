internal import JSONCoding
internal import TraceModel

/// Reads the spans that a worker made: docs/python-workers.md, "Spans".
enum WorkerSpans {
    /// More spans in one message are dropped.
    static let maxSpans = 10_000

    /// Spans that are broken are left out.
    static func read(_ value: JSONValue) -> [(Span, InstrumentationScope)] {
        (value.arrayValue ?? []).prefix(maxSpans).compactMap(read(span:))
    }

    private static func read(span value: JSONValue) -> (Span, InstrumentationScope)? {
        guard
            let name = value["n"]?.stringValue,
            let traceID = value["t"]?.stringValue.flatMap({ TraceID(hex: $0) }),
            let spanID = value["s"]?.stringValue.flatMap({ SpanID(hex: $0) }),
            let start = time(value["st"]),
            let end = time(value["en"])
        else { return nil }
        var span = Span(
            traceID: traceID,
            spanID: spanID,
            parentSpanID: value["p"]?.stringValue.flatMap { SpanID(hex: $0) },
            traceState: value["ts"]?.stringValue ?? "",
            flags: UInt32(clamping: value["f"]?.intValue ?? 1) & 0xff | 0x100,
            name: name,
            kind: SpanKind(rawValue: UInt8(clamping: value["k"]?.intValue ?? 1)) ?? .internal,
            startTime: start,
            endTime: max(start, end)
        )
        span.attributes = attributes(value["a"])
        span.droppedAttributesCount = UInt32(clamping: value["da"]?.intValue ?? 0)
        for event in value["e"]?.arrayValue ?? [] {
            guard let time = time(event[0]), let name = event[1]?.stringValue else { continue }
            span.events.append(SpanEvent(time: time, name: name, attributes: attributes(event[2])))
        }
        span.droppedEventsCount = UInt32(clamping: value["de"]?.intValue ?? 0)
        for link in value["l"]?.arrayValue ?? [] {
            guard let trace = link[0]?.stringValue.flatMap({ TraceID(hex: $0) }), let id = link[1]?.stringValue.flatMap({ SpanID(hex: $0) }) else { continue }
            span.links.append(SpanLink(traceID: trace, spanID: id, attributes: attributes(link[2])))
        }
        span.status = SpanStatus(code: .init(rawValue: UInt8(clamping: value["c"]?.intValue ?? 0)) ?? .unset, message: value["m"]?.stringValue ?? "")
        let scope = InstrumentationScope(name: value["sc"]?[0]?.stringValue ?? "", version: value["sc"]?[1]?.stringValue ?? "")
        return (span, scope)
    }

    private static func time(_ value: JSONValue?) -> UInt64? { value?.intValue.flatMap { UInt64(exactly: $0) } }

    private static func attributes(_ value: JSONValue?) -> [Attribute] {
        (value?.arrayValue ?? []).compactMap { pair in
            guard let key = pair[0]?.stringValue, let value = pair[1] else { return nil }
            return Attribute(key, attribute(value))
        }
    }

    private static func attribute(_ value: JSONValue) -> AttributeValue {
        switch value {
        case .string(let text): .string(text)
        case .bool(let flag): .bool(flag)
        case .number(let text): Int64(text).map { .int($0) } ?? Double(text).map { .double($0) } ?? .string(text)
        case .array(let values): .array(values.map(attribute))
        case .object(let object): .keyValueList(object.members.map { Attribute($0.name, attribute($0.value)) })
        case .null: .empty
        }
    }
}
