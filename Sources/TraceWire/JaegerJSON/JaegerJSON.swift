public import JSONCoding
public import TraceModel

/// Traces in the JSON of Jaeger's query API (`/api/traces`), as Jaeger UI, Grafana and scripts read it.
public enum JaegerJSON {
    /// Writes one element of the envelope's `data` array.
    ///
    /// `{"traceID","spans":[…],"processes":{"p1":{"serviceName","tags"}},"warnings":null}`; times in microseconds. What Jaeger has
    /// no field for becomes a tag, under the names of OpenTelemetry's "OpenTelemetry to Jaeger Transformation".
    ///
    /// - Parameters:
    ///   - id: the trace's id, written with 32 digits.
    ///   - batch: the spans of this trace.
    ///   - writer: stands where a value is due.
    ///   - raw: the spans as they were received. Otherwise tags are sorted by key, logs by time, and spans that were
    ///     received twice are written once.
    ///   - warnings: for spans by their number in the batch, from 0.
    public static func writeTrace(id: TraceID, batch: SpanBatch, to writer: inout JSONWriter, raw: Bool, warnings: [Int: [String]] = [:]) {
        var processes = JaegerProcesses()
        var seen = SeenSpans()
        var number = -1
        writer.beginObject()
        writer.key("traceID")
        writer.hex(id)
        writer.key("spans")
        writer.beginArray()
        for group in batch.resourceSpans {
            let process = processes.number(of: group.resource)
            for scopeGroup in group.scopeSpans {
                for span in scopeGroup.spans {
                    number += 1
                    guard raw || seen.insert(span, process: process) else { continue }
                    let warnings = warnings.isEmpty ? [] : warnings[number] ?? []
                    JaegerSpanWriter(span: span, scope: scopeGroup.scope, process: process, isSorted: !raw, warnings: warnings).write(to: &writer)
                }
            }
        }
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

    private var firstByID: [SpanID: Occurrence] = [:]
    private var others: Set<Occurrence> = []

    /// `false` when the same span of the same process was inserted before.
    mutating func insert(_ span: Span, process: Int) -> Bool {
        let occurrence = Occurrence(span: span, process: process)
        guard let first = firstByID[span.spanID] else {
            firstByID[span.spanID] = occurrence
            return true
        }
        return first != occurrence && others.insert(occurrence).inserted
    }
}
