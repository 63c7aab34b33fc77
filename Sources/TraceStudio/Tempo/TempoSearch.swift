internal import Hummingbird
internal import JSONCoding
internal import TraceModel
internal import TraceQuery
internal import TraceStore
internal import TraceWire

/// `/api/search`: traces by TraceQL or by tags.
struct TempoSearch: Sendable {
    /// What Tempo calls the service of a root span that is not there.
    private static let unknownRoot = "<root span not yet received>"

    let store: any TraceStore
    /// Nanoseconds since the Unix epoch.
    let clock: @Sendable () -> UInt64

    func answer(_ request: APIRequest) async throws -> Response {
        let search = try TempoSearchRequest(request.items)
        let result = try await search.query.search(store, search.options)
        return Answer.json(Self.body(of: result), for: request.head)
    }

    /// `tempopb.SearchResponse` as protobuf's JSON: empty members are left out, 64-bit numbers are text.
    static func body(of result: TraceQLSearchResult) -> [UInt8] {
        var writer = JSONWriter(reserving: 512 + 400 * result.traces.count)
        writer.beginObject()
        writer.key("traces")
        writer.beginArray()
        for trace in result.traces { write(trace, to: &writer) }
        writer.endArray()
        writer.key("metrics")
        writer.beginObject()
        if result.inspectedTraces > 0 {
            writer.key("inspectedTraces")
            writer.int(result.inspectedTraces)
        }
        writer.key("completedJobs")
        writer.int(1)
        writer.key("totalJobs")
        writer.int(1)
        if result.inspectedSpans > 0 {
            writer.key("inspectedSpans")
            writer.quotedInt(Int64(result.inspectedSpans))
        }
        writer.endObject()
        writer.endObject()
        return writer.finish()
    }

    private static func write(_ trace: TraceQLTrace, to writer: inout JSONWriter) {
        writer.beginObject()
        writer.key("traceID")
        // Tempo trims the zeros on the left; clients put them back.
        writer.string(String("\(trace.traceID)".drop { $0 == "0" }))
        writer.key("rootServiceName")
        writer.string(trace.rootServiceName ?? unknownRoot)
        if let name = trace.rootTraceName, !name.isEmpty {
            writer.key("rootTraceName")
            writer.string(name)
        }
        if trace.startTime > 0 {
            writer.key("startTimeUnixNano")
            writer.quotedUInt(trace.startTime)
        }
        if trace.duration >= 1_000_000 {
            writer.key("durationMs")
            writer.uint(min(trace.duration / 1_000_000, UInt64(UInt32.max)))
        }
        if let first = trace.spanSets.first {
            writer.key("spanSet")
            write(first, to: &writer)
            writer.key("spanSets")
            writer.beginArray()
            for spanSet in trace.spanSets { write(spanSet, to: &writer) }
            writer.endArray()
        }
        if !trace.serviceStatistics.isEmpty {
            writer.key("serviceStats")
            writer.beginObject()
            for (name, statistics) in trace.serviceStatistics.sorted(by: { $0.key < $1.key }) {
                writer.key(string: name)
                writer.beginObject()
                writer.key("spanCount")
                writer.int(statistics.spanCount)
                if statistics.errorCount > 0 {
                    writer.key("errorCount")
                    writer.int(statistics.errorCount)
                }
                writer.endObject()
            }
            writer.endObject()
        }
        writer.endObject()
    }

    private static func write(_ spanSet: TraceQLSpanSet, to writer: inout JSONWriter) {
        writer.beginObject()
        if !spanSet.spans.isEmpty {
            writer.key("spans")
            writer.beginArray()
            for span in spanSet.spans { write(span, to: &writer) }
            writer.endArray()
        }
        if spanSet.matched > 0 {
            writer.key("matched")
            writer.int(spanSet.matched)
        }
        write(spanSet.attributes, to: &writer)
        writer.endObject()
    }

    private static func write(_ span: TraceQLSpan, to writer: inout JSONWriter) {
        writer.beginObject()
        writer.key("spanID")
        writer.string("\(span.spanID)")
        if let name = span.name, !name.isEmpty {
            writer.key("name")
            writer.string(name)
        }
        if span.startTime > 0 {
            writer.key("startTimeUnixNano")
            writer.quotedUInt(span.startTime)
        }
        if span.duration > 0 {
            writer.key("durationNanos")
            writer.quotedUInt(span.duration)
        }
        write(span.attributes, to: &writer)
        writer.endObject()
    }

    private static func write(_ attributes: [TraceQLAttribute], to writer: inout JSONWriter) {
        if attributes.isEmpty { return }
        writer.key("attributes")
        writer.attributes(attributes)
    }
}

extension JSONWriter {
    /// `[{"key":…,"value":AnyValue}]`; TraceQL's `nil` is the text `nil`.
    mutating func attributes(_ attributes: [TraceQLAttribute]) {
        beginArray()
        for attribute in attributes {
            beginObject()
            key("key")
            string(attribute.key)
            key("value")
            OTLPJSON.write(attribute.value ?? .string("nil"), to: &self)
            endObject()
        }
        endArray()
    }
}
