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
        var encoder = JaegerTraceWriter(id: id, batch: batch, raw: raw, warnings: warnings)
        swap(&encoder.writer, &writer)
        encoder.write(batch)
        swap(&encoder.writer, &writer)
    }

    /// What ``writeTrace(id:batch:to:raw:warnings:)`` writes, in pieces.
    public static func pieces(id: TraceID, batch: SpanBatch, raw: Bool, warnings: [Int: [String]] = [:]) -> some PiecewiseText {
        SpanBatchPieces(JaegerTraceWriter(id: id, batch: batch, raw: raw, warnings: warnings), batch)
    }
}
