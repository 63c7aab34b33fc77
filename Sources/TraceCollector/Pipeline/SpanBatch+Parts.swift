internal import TraceModel

extension SpanBatch {
    /// The same spans in parts of at most so many.
    func split(maximumSpans: Int) -> [SpanBatch] {
        spanCount > Swift.max(maximumSpans, 1) ? Array(parts(of: maximumSpans)) : [self]
    }

    /// About how many bytes the spans take as OTLP protobuf.
    var approximateSize: Int {
        resourceSpans.reduce(0) { sum, group in
            sum + group.resource.attributes.approximateSize + 16
                + group.scopeSpans.reduce(0) { $0 + $1.scope.name.utf8.count + 16 + $1.spans.reduce(0) { $0 + $1.approximateSize } }
        }
    }
}

extension Span {
    /// About how many bytes the span takes as OTLP protobuf.
    var approximateSize: Int {
        72 + name.utf8.count + traceState.utf8.count + status.message.utf8.count + attributes.approximateSize
            + events.reduce(0) { $0 + 14 + $1.name.utf8.count + $1.attributes.approximateSize }
            + links.reduce(0) { $0 + 32 + $1.traceState.utf8.count + $1.attributes.approximateSize }
    }
}

extension [Attribute] {
    var approximateSize: Int { reduce(0) { $0 + 6 + $1.key.utf8.count + $1.value.approximateSize } }
}

extension AttributeValue {
    var approximateSize: Int {
        switch self {
        case .string(let text): text.utf8.count + 2
        case .bool: 2
        case .int, .double: 9
        case .bytes(let bytes): bytes.count + 2
        case .array(let list): list.reduce(2) { $0 + 4 + $1.approximateSize }
        case .keyValueList(let list): list.approximateSize + 4
        case .empty: 0
        }
    }
}
