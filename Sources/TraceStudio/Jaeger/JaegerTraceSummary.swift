internal import JSONCoding
internal import ProtobufCoding
internal import TraceModel
internal import TraceQuery
internal import TraceStore

/// Jaeger's `TraceSummary`: a line of a search result.
struct JaegerTraceSummary {
    struct Service {
        var name: String
        var spanCount = 0
        var errorCount = 0
    }

    private let summary: TraceSummary
    private let endTime: UInt64
    private var services: [Service] = []

    init(_ trace: StoredTrace) {
        let spans = TraceSpans(traceID: trace.id, batch: trace.batch)
        summary = TraceSummary(spans)
        endTime = spans.endTime
        var counts: [String: Service] = [:]
        for (index, entry) in spans.entries.enumerated() {
            let name = spans.serviceName(of: index)
            counts[name, default: Service(name: name)].spanCount += 1
            if entry.span.status.code == .error { counts[name, default: Service(name: name)].errorCount += 1 }
        }
        services = summary.services.compactMap { counts[$0.name] }
    }

    func write(to writer: inout JSONWriter) {
        writer.beginObject()
        writer.key("traceId")
        writer.string("\(summary.traceID)")
        writer.key("rootServiceName")
        writer.string(summary.rootService)
        writer.key("rootOperationName")
        writer.string(summary.rootName)
        writer.key("minStartTimeUnixNano")
        writer.quotedUInt(summary.startTime)
        writer.key("maxEndTimeUnixNano")
        writer.quotedUInt(endTime)
        writer.key("spanCount")
        writer.int(summary.spanCount)
        writer.key("errorSpanCount")
        writer.int(summary.errorCount)
        writer.key("orphanSpanCount")
        writer.int(summary.orphanCount)
        writer.key("services")
        writer.beginArray()
        for service in services {
            writer.beginObject()
            writer.key("name")
            writer.string(service.name)
            writer.key("spanCount")
            writer.int(service.spanCount)
            writer.key("errorSpanCount")
            writer.int(service.errorCount)
            writer.endObject()
        }
        writer.endArray()
        writer.endObject()
    }

    /// `message TraceSummary { string trace_id = 1; string root_service_name = 2; string root_operation_name = 3;
    /// fixed64 min_start_time_unix_nano = 4; fixed64 max_end_time_unix_nano = 5; int32 span_count = 6; int32 error_span_count = 7;
    /// int32 orphan_span_count = 8; repeated ServiceSummary services = 9; }`,
    /// `message ServiceSummary { string name = 1; int32 span_count = 2; int32 error_span_count = 3; }`
    func write(_ field: Int, to writer: inout ProtobufWriter) {
        writer.message(field) { writer in
            writer.text(1, "\(summary.traceID)")
            writer.text(2, summary.rootService)
            writer.text(3, summary.rootName)
            if summary.startTime != 0 { writer.fixed64(4 << 3 | 1, summary.startTime) }
            if endTime != 0 { writer.fixed64(5 << 3 | 1, endTime) }
            writer.number(6, summary.spanCount)
            writer.number(7, summary.errorCount)
            writer.number(8, summary.orphanCount)
            for service in services {
                writer.message(9) { writer in
                    writer.text(1, service.name)
                    writer.number(2, service.spanCount)
                    writer.number(3, service.errorCount)
                }
            }
        }
    }
}
