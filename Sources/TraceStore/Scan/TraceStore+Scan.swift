public import TraceModel

/// Scans by means of searches: right, and slow.
extension TraceStore {
    public func scanSpans<State: Sendable>(
        _ selection: SpanSelection, projection: SpanProjection, into state: State,
        _ body: @escaping @Sendable (inout State, SpanBatch) throws -> ScanStep
    ) async throws -> State {
        var state = state
        for trace in try await findTraces(TraceSearch(startTime: selection.startTime, limit: .max)) {
            if try body(&state, trace.batch) == .stop { break }
        }
        return state
    }

    public func scanTraces<State: Sendable>(
        _ selection: SpanSelection, projection: SpanProjection, into state: State,
        _ body: @escaping @Sendable (inout State, [StoredTrace]) throws -> ScanStep
    ) async throws -> State {
        func newest(_ trace: StoredTrace) -> UInt64? {
            var newest: UInt64?
            for group in trace.batch.resourceSpans {
                for scopeSpans in group.scopeSpans {
                    for span in scopeSpans.spans where selection.matches(span: span, resource: group.resource, scope: scopeSpans.scope) {
                        newest = max(newest ?? 0, span.startTime)
                    }
                }
            }
            return newest
        }
        var state = state
        let traces = try await findTraces(TraceSearch(startTime: selection.startTime, limit: .max))
            .compactMap { trace in newest(trace).map { (newest: $0, trace: trace) } }
            .sorted { $0.newest > $1.newest }
        for trace in traces {
            if try body(&state, [trace.trace]) == .stop { break }
        }
        return state
    }

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
