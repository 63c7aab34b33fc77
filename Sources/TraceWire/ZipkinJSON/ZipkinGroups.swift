internal import TraceModel

/// Puts the spans of a request, each of which names its own resource and scope, into groups.
struct ZipkinGroups {
    private struct Scope: Hashable {
        var scope: InstrumentationScope
        var schemaURL: String
    }

    private var batch = SpanBatch()
    private var resources: [Resource: Int] = [:]
    private var scopes: [[Scope: Int]] = []
    private var rejections = Rejections()

    var decoded: DecodedSpans {
        DecodedSpans(batch: batch, rejectedSpanCount: rejections.count, rejectionMessage: rejections.message)
    }

    mutating func refuse(name: String, _ problem: String) {
        rejections.add(span: name, problem)
    }

    /// Adds a span to its group, or counts it when it cannot be kept.
    mutating func add(_ span: ZipkinSpan, _ budget: inout ElementBudget) throws(WireError) {
        if let problem = span.problem { return refuse(name: span.name, problem) }
        guard span.traceID.isValid else { return refuse(name: span.name, "no trace id, expected 'traceId' with 16 or 32 hexadecimal digits") }
        guard span.spanID.isValid else { return refuse(name: span.name, "no span id, expected 'id' with 16 hexadecimal digits") }
        let result = try ZipkinSpanReading(span, &budget)
        let group = group(of: result.resource)
        let scope = Scope(scope: result.scope, schemaURL: result.scopeSchemaURL)
        let index = scopes[group][scope] ?? batch.resourceSpans[group].scopeSpans.count
        if index == batch.resourceSpans[group].scopeSpans.count {
            scopes[group][scope] = index
            batch.resourceSpans[group].scopeSpans.append(ScopeSpans(scope: result.scope, schemaURL: result.scopeSchemaURL))
        }
        batch.resourceSpans[group].scopeSpans[index].spans.append(result.span)
    }

    private mutating func group(of resource: Resource) -> Int {
        // Neighbours have mostly the same resource, and comparing is cheaper than hashing.
        if let last = batch.resourceSpans.last, last.resource == resource { return batch.resourceSpans.count - 1 }
        if let index = resources[resource] { return index }
        let index = batch.resourceSpans.count
        resources[resource] = index
        scopes.append([:])
        batch.resourceSpans.append(ResourceSpans(resource: resource))
        return index
    }
}
