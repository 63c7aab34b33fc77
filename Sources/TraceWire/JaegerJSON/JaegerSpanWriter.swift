internal import JSONCoding
internal import TraceModel

/// Writes one span as Jaeger's query JSON.
struct JaegerSpanWriter {
    let span: Span
    let scope: InstrumentationScope
    /// The number of the span's process.
    let process: Int
    let isSorted: Bool

    func write(to writer: inout JSONWriter) {
        writer.beginObject()
        writer.key("traceID")
        writer.hex(span.traceID)
        writer.key("spanID")
        writer.hex(span.spanID)
        if span.flags & UInt32(TraceFlags.sampled.rawValue) != 0 {
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
        writeTags(to: &writer)
        writer.key("logs")
        writeLogs(to: &writer)
        writer.key("processID")
        writer.string(JaegerProcesses.id(process))
        writer.key("warnings")
        writer.null()
        writer.endObject()
    }

    /// The parent first, then the links.
    private func writeReferences(to writer: inout JSONWriter) {
        writer.beginArray()
        if let parent = span.parentSpanID { writeReference("CHILD_OF", span.traceID, parent, to: &writer) }
        for link in span.links where link.traceID.isValid && link.spanID.isValid {
            let isChild = link.attributes["opentracing.ref_type"] == .string("child_of")
            writeReference(isChild ? "CHILD_OF" : "FOLLOWS_FROM", link.traceID, link.spanID, to: &writer)
        }
        writer.endArray()
    }

    private func writeReference(_ type: String, _ traceID: TraceID, _ spanID: SpanID, to writer: inout JSONWriter) {
        writer.beginObject()
        writer.key("refType")
        writer.string(type)
        writer.key("traceID")
        writer.hex(traceID)
        writer.key("spanID")
        writer.hex(spanID)
        writer.endObject()
    }

    private func writeTags(to writer: inout JSONWriter) {
        var tags = JaegerTags(span.attributes)
        if !scope.name.isEmpty { tags.append("otel.scope.name", .string(scope.name)) }
        if !scope.version.isEmpty { tags.append("otel.scope.version", .string(scope.version)) }
        if let kind = Self.name(of: span.kind) { tags.append("span.kind", .string(kind)) }
        switch span.status.code {
        case .unset: break
        case .ok: tags.append("otel.status_code", "OK")
        case .error:
            // A sender may have put Jaeger's own tag on the span already.
            if span.attributes["error"] != .bool(true) { tags.append("error", true) }
            tags.append("otel.status_code", "ERROR")
        }
        if !span.status.message.isEmpty { tags.append("otel.status_description", .string(span.status.message)) }
        if !span.traceState.isEmpty { tags.append("w3c.tracestate", .string(span.traceState)) }
        if isSorted { tags.sort() }
        tags.write(to: &writer)
    }

    private static func name(of kind: SpanKind) -> String? {
        switch kind {
        case .unspecified: nil
        case .internal: "internal"
        case .server: "server"
        case .client: "client"
        case .producer: "producer"
        case .consumer: "consumer"
        }
    }

    /// An event's name becomes the field `event`, unless an attribute has that name.
    private func writeLogs(to writer: inout JSONWriter) {
        let events = isSorted ? span.events.sorted { $0.time < $1.time } : span.events
        writer.beginArray()
        for event in events {
            writer.beginObject()
            writer.key("timestamp")
            writer.uint(event.time / 1000)
            writer.key("fields")
            var fields = JaegerTags([])
            if !event.name.isEmpty, event.attributes["event"] == nil { fields.append("event", .string(event.name)) }
            for attribute in event.attributes { fields.append(attribute.key, attribute.value) }
            if isSorted { fields.sort() }
            fields.write(to: &writer)
            writer.endObject()
        }
        writer.endArray()
    }
}
