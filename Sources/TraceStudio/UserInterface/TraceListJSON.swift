internal import JSONCoding
internal import TraceQuery

/// `GET /api/ui/traces`: one object for each trace found.
enum TraceListJSON {
    /// - Parameter limited: There may be more traces than the search's limit let through.
    static func body(of traces: [TraceSummary], limited: Bool) -> [UInt8] {
        var writer = JSONWriter(reserving: 64 + 320 * traces.count)
        writer.beginObject()
        writer.key("traces")
        writer.beginArray()
        for trace in traces { write(trace, to: &writer) }
        writer.endArray()
        writer.key("limited")
        writer.bool(limited)
        writer.endObject()
        return writer.bytes
    }

    private static func write(_ trace: TraceSummary, to writer: inout JSONWriter) {
        writer.beginObject()
        trace.writeFacts(to: &writer)
        writer.key("services")
        writer.beginArray()
        for service in trace.services {
            writer.beginObject()
            writer.key("name")
            writer.string(service.name)
            writer.key("spanCount")
            writer.int(service.spanCount)
            writer.endObject()
        }
        writer.endArray()
        writer.key("orphanCount")
        writer.int(trace.orphanCount)
        writer.endObject()
    }
}
