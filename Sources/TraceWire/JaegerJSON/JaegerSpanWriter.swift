internal import JSONCoding
internal import TraceModel

/// Writes one span as Jaeger's query JSON.
struct JaegerSpanWriter {
    private let span: JaegerSpan
    /// The number of the span's process.
    private let process: Int
    private let isSorted: Bool
    private let warnings: [String]

    init(span: Span, scope: InstrumentationScope, process: Int, isSorted: Bool, warnings: [String] = []) {
        self.span = JaegerSpan(span, scope: scope)
        self.process = process
        self.isSorted = isSorted
        self.warnings = warnings
    }

    func write(to writer: inout JSONWriter) {
        writer.beginObject()
        writer.key("traceID")
        writer.hex(span.traceID)
        writer.key("spanID")
        writer.hex(span.spanID)
        if span.flags & JaegerSpan.Flag.sampled != 0 {
            writer.key("flags")
            writer.int(1)
        }
        writer.key("operationName")
        writer.string(span.name)
        writer.key("references")
        writeReferences(to: &writer)
        writer.key("startTime")
        writer.uint(span.startTime / 1000)
        writer.key("duration")
        writer.uint(span.duration / 1000)
        writer.key("tags")
        JaegerTags(span.tags, isSorted: isSorted).write(to: &writer)
        writer.key("logs")
        writeLogs(to: &writer)
        writer.key("processID")
        writer.string(JaegerProcesses.id(process))
        writer.key("warnings")
        writeWarnings(to: &writer)
        writer.endObject()
    }

    private func writeWarnings(to writer: inout JSONWriter) {
        if warnings.isEmpty { return writer.null() }
        writer.beginArray()
        for warning in warnings { writer.string(warning) }
        writer.endArray()
    }

    /// The parent first, then the links.
    private func writeReferences(to writer: inout JSONWriter) {
        writer.beginArray()
        if let parent = span.parentSpanID { write(JaegerReference(isChild: true, traceID: span.traceID, spanID: parent), to: &writer) }
        for reference in span.references { write(reference, to: &writer) }
        writer.endArray()
    }

    private func write(_ reference: JaegerReference, to writer: inout JSONWriter) {
        writer.beginObject()
        writer.key("refType")
        writer.string(reference.isChild ? "CHILD_OF" : "FOLLOWS_FROM")
        writer.key("traceID")
        writer.hex(reference.traceID)
        writer.key("spanID")
        writer.hex(reference.spanID)
        writer.endObject()
    }

    private func writeLogs(to writer: inout JSONWriter) {
        let logs = isSorted ? span.logs.sorted { $0.time < $1.time } : span.logs
        writer.beginArray()
        for log in logs {
            writer.beginObject()
            writer.key("timestamp")
            writer.uint(log.time / 1000)
            writer.key("fields")
            JaegerTags(log.fields, isSorted: isSorted).write(to: &writer)
            writer.endObject()
        }
        writer.endArray()
    }
}
