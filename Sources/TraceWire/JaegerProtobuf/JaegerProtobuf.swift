internal import ProtobufCoding
public import TraceModel

/// Jaeger's spans as protobuf: `jaeger.api_v2.CollectorService/PostSpans`, what its agents and clients send to gRPC port 14250.
///
/// Links lose their attributes and trace state, scopes their attributes: the format has no room.
public enum JaegerProtobuf {
    /// `ValueType`; Thrift's `TagType` has another order.
    enum ValueType {
        static let string: UInt64 = 0
        static let bool: UInt64 = 1
        static let int64: UInt64 = 2
        static let float64: UInt64 = 3
        static let binary: UInt64 = 4
    }

    /// `SpanRefType.FOLLOWS_FROM`.
    static let followsFrom: UInt64 = 1

    /// Reads a `PostSpansRequest`. No bytes are an empty batch.
    ///
    /// - Parameter maximumElements: how many spans, references, logs and tags it may hold together.
    /// - Throws: ``WireError`` when the bytes are no such message or hold more elements.
    public static func decodePostSpansRequest(_ bytes: [UInt8], maximumElements: Int = WireLimit.elements) throws(WireError) -> DecodedSpans {
        let result: Result<DecodedSpans, WireError> = bytes.withUnsafeBufferPointer { buffer in
            guard let base = buffer.baseAddress, !buffer.isEmpty else { return .success(DecodedSpans(batch: SpanBatch())) }
            var decoder = JaegerProtobufDecoder(buffer, base: base, maximumElements: maximumElements)
            do throws(WireError) { return .success(try decoder.decode()) } catch { return .failure(error) }
        }
        return try result.get()
    }

    /// Writes a `PostSpansRequest`.
    ///
    /// - Parameters:
    ///   - group: the spans of one process.
    ///   - maximumTagValueLength: Unicode scalars of an attribute's text; longer ones are cut. `nil`: no limit.
    public static func encodePostSpansRequest(_ group: ResourceSpans, maximumTagValueLength: Int? = nil) -> [UInt8] {
        var encoder = JaegerProtobufEncoder(maximumValueLength: maximumTagValueLength)
        encoder.request(group)
        return Array(encoder.writer.written)
    }

    /// Writes a `SpansResponseChunk`, what `jaeger.api_v2.QueryService` answers with.
    ///
    /// - Parameter warnings: for spans by their number in the batch, from 0.
    public static func encodeSpansResponseChunk(_ batch: SpanBatch, warnings: [Int: [String]] = [:]) -> [UInt8] {
        var encoder = JaegerProtobufEncoder(maximumValueLength: nil)
        encoder.chunk(batch, warnings: warnings)
        return Array(encoder.writer.written)
    }
}
