public import TraceModel

extension InMemoryTraceStore {
    public func scanSpans<State: Sendable>(
        _ selection: SpanSelection, projection: SpanProjection, into state: State,
        _ body: @escaping @Sendable (inout State, SpanBatch) throws -> ScanStep
    ) async throws -> State {
        var state = state
        for trace in try selected(selection) {
            try Task.checkCancellation()
            if try body(&state, trace.batch) == .stop { break }
        }
        return state
    }

    public func scanTraces<State: Sendable>(
        _ selection: SpanSelection, projection: SpanProjection, into state: State,
        _ body: @escaping @Sendable (inout State, [StoredTrace]) throws -> ScanStep
    ) async throws -> State {
        var state = state
        for trace in try selected(selection) {
            try Task.checkCancellation()
            if try body(&state, [trace]) == .stop { break }
        }
        return state
    }

    /// The traces with a selected span, by the start of the newest of them, newest first.
    private func selected(_ selection: SpanSelection) throws -> [StoredTrace] {
        // The values are copied out cheaply (copy on write), and looked through without the lock.
        let traces = try allTraces()
        var found: [(newest: UInt64, trace: StoredTrace)] = []
        for trace in traces {
            var newest: UInt64?
            trace.batch.forEachSpan { span, resource, scope in
                if selection.matches(span: span, resource: resource, scope: scope) { newest = max(newest ?? 0, span.startTime) }
            }
            if let newest { found.append((newest, trace)) }
        }
        return found.sorted { $0.newest != $1.newest ? $0.newest > $1.newest : $0.trace.id < $1.trace.id }.map(\.trace)
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

extension SpanBatch {
    fileprivate func forEachSpan(_ body: (Span, Resource, InstrumentationScope) -> Void) {
        for group in resourceSpans {
            for scopeSpans in group.scopeSpans {
                for span in scopeSpans.spans { body(span, group.resource, scopeSpans.scope) }
            }
        }
    }
}
