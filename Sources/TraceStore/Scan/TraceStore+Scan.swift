public import TraceModel

/// Keys and values by means of scans: right, and slow.
extension TraceStore {
    public func attributeKeys(scope: AttributeScope?, startTime: ClosedRange<UInt64>, limit: Int) async throws -> [AttributeKey] {
        let keys = try await scanSpans(SpanSelection(startTime: startTime), projection: .whole, into: Set<AttributeKey>()) { keys, batch in
            func add(_ attributes: [Attribute], _ scope: AttributeScope) {
                for attribute in attributes { keys.insert(AttributeKey(scope: scope, name: attribute.key)) }
            }
            for group in batch.resourceSpans {
                add(group.resource.attributes, .resource)
                for scopeSpans in group.scopeSpans {
                    add(scopeSpans.scope.attributes, .instrumentation)
                    for span in scopeSpans.spans {
                        add(span.attributes, .span)
                        for event in span.events { add(event.attributes, .event) }
                        for link in span.links { add(link.attributes, .link) }
                    }
                }
            }
            return .more
        }
        return keys.filter { scope == nil || $0.scope == scope }
            .sorted { ($0.scope?.rawValue ?? "", $0.name) < ($1.scope?.rawValue ?? "", $1.name) }
            .prefix(limit).map(\.self)
    }

    public func attributeValues(_ key: AttributeKey, startTime: ClosedRange<UInt64>, limit: Int) async throws -> [AttributeValueCount] {
        let counts = try await scanSpans(SpanSelection(startTime: startTime), projection: .whole, into: [AttributeValue: Int]()) { counts, batch in
            for group in batch.resourceSpans {
                for scopeSpans in group.scopeSpans {
                    for span in scopeSpans.spans {
                        for value in key.values(span: span, resource: group.resource, scope: scopeSpans.scope) { counts[value, default: 0] += 1 }
                    }
                }
            }
            return .more
        }
        return counts.map { AttributeValueCount(value: $0.key, count: $0.value) }
            .sorted { $0.count != $1.count ? $0.count > $1.count : $0.value.searchText < $1.value.searchText }
            .prefix(limit).map(\.self)
    }
}
