internal import ArgumentParser
internal import Compression
internal import JSONCoding
internal import TraceModel
internal import TraceWire

/// Traces as one document of a format that others read, and `needletail trace import` too.
enum TraceExport {
    enum Format: String, ExpressibleByArgument, CaseIterable {
        case otlpJSON = "otlp-json"
        case otlpProtobuf = "otlp-proto"
        case jaeger
        case zipkin
    }

    static func encode(_ traces: [(id: TraceID, batch: SpanBatch)], as format: Format) -> [UInt8] {
        let whole = { SpanBatch(resourceSpans: traces.flatMap(\.batch.resourceSpans)) }
        switch format {
        case .otlpJSON: return OTLPJSON.encode(whole()) + [UInt8(ascii: "\n")]
        case .otlpProtobuf: return OTLPProtobuf.encode(whole())
        case .zipkin: return ZipkinJSON.encode(whole()) + [UInt8(ascii: "\n")]
        case .jaeger:
            // As Jaeger's page saves traces: its query API's answer.
            var writer = JSONWriter(reserving: 4096)
            writer.beginObject()
            writer.key("data")
            writer.beginArray()
            for trace in traces { JaegerJSON.writeTrace(id: trace.id, batch: trace.batch, to: &writer, raw: true) }
            writer.endArray()
            writer.endObject()
            return writer.finish() + [UInt8(ascii: "\n")]
        }
    }

    /// Compresses what goes into a file named `….gz` or `….zst`.
    static func compress(_ bytes: [UInt8], for path: String) -> [UInt8] {
        if path.hasSuffix(".gz") { return Gzip.compress(bytes, level: 6) }
        if path.hasSuffix(".zst") { return Zstd.compress(bytes, level: 3) }
        return bytes
    }
}
