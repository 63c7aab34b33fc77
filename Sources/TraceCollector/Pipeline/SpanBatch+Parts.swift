internal import TraceModel

extension SpanBatch {
    /// The same spans in parts of at most so many.
    func split(maximumSpans: Int) -> [SpanBatch] {
        let limit = Swift.max(maximumSpans, 1)
        guard spanCount > limit else { return [self] }
        var parts: [SpanBatch] = []
        var part = SpanBatch()
        var room = limit
        for group in resourceSpans {
            for scope in group.scopeSpans {
                var rest = scope.spans[...]
                while !rest.isEmpty {
                    let taken = rest.prefix(room)
                    rest = rest.dropFirst(taken.count)
                    room -= taken.count
                    let scopeSpans = ScopeSpans(scope: scope.scope, schemaURL: scope.schemaURL, spans: Array(taken))
                    part.resourceSpans.append(ResourceSpans(resource: group.resource, schemaURL: group.schemaURL, scopeSpans: [scopeSpans]))
                    if room == 0 {
                        parts.append(part)
                        part = SpanBatch()
                        room = limit
                    }
                }
            }
        }
        if !part.resourceSpans.isEmpty { parts.append(part) }
        return parts
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
