internal import JSONCoding
internal import TraceModel

/// Writes one trace as Jaeger's query JSON: the spans, then their processes.
struct JaegerTraceWriter: SpanBatchEncoder {
    var writer = JSONWriter()
    private let id: TraceID
    private let raw: Bool
    /// For spans by their number in the batch, from 0.
    private let warnings: [Int: [String]]
    private var processes = JaegerProcesses()
    private var seen: SeenSpans
    /// Of the resource at hand.
    private var process = 0
    private var scope = InstrumentationScope()
    private var number = 0

    init(id: TraceID, batch: SpanBatch, raw: Bool, warnings: [Int: [String]]) {
        self.id = id
        self.raw = raw
        self.warnings = warnings
        seen = SeenSpans(batch)
    }

    mutating func begin() {
        writer.beginObject()
        writer.key("traceID")
        writer.hex(id)
        writer.key("spans")
        writer.beginArray()
    }

    mutating func begin(_ group: ResourceSpans) { process = processes.number(of: group.resource) }

    mutating func begin(_ group: ScopeSpans) { scope = group.scope }

    mutating func span(_ span: Span) {
        defer { number += 1 }
        guard raw || seen.insert(span, process: process, number: number) else { return }
        let warnings = warnings.isEmpty ? [] : warnings[number] ?? []
        JaegerSpanWriter(span: span, scope: scope, process: process, isSorted: !raw, warnings: warnings).write(to: &writer)
    }

    mutating func end(_ group: ScopeSpans) {}

    mutating func end(_ group: ResourceSpans) {}

    mutating func end() {
        writer.endArray()
        writer.key("processes")
        processes.write(to: &writer, isSorted: !raw)
        writer.key("warnings")
        writer.null()
        writer.endObject()
    }
}

/// Finds spans that were received twice, for example because an exporter tried again.
///
/// Ids seldom repeat, so that only spans with an id that was seen before are hashed as a whole.
private struct SeenSpans {
    private struct Occurrence: Hashable {
        var span: Span
        var process: Int
    }

    /// Where a span stands in the batch, and its process; small numbers, because there is one for each span of a trace.
    private struct Place {
        var process: UInt32
        var number: UInt32
    }

    private let batch: SpanBatch
    private var firstByID: [SpanID: Place] = [:]
    private var others: Set<Occurrence> = []

    init(_ batch: SpanBatch) {
        self.batch = batch
    }

    /// `false` when the same span of the same process was inserted before.
    mutating func insert(_ span: Span, process: Int, number: Int) -> Bool {
        let place = Place(process: UInt32(truncatingIfNeeded: process), number: UInt32(truncatingIfNeeded: number))
        guard let first = firstByID.updateValue(place, forKey: span.spanID) else { return true }
        firstByID[span.spanID] = first
        let isFirst = first.process == place.process && self.span(Int(first.number)) == span
        return !isFirst && others.insert(Occurrence(span: span, process: process)).inserted
    }

    private func span(_ number: Int) -> Span? {
        var rest = number
        for group in batch.resourceSpans {
            for scopeSpans in group.scopeSpans {
                if rest < scopeSpans.spans.count { return scopeSpans.spans[rest] }
                rest -= scopeSpans.spans.count
            }
        }
        return nil
    }
}
