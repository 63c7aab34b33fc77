internal import ProtobufCoding
public import TraceModel

/// OTLP traces as protobuf: `opentelemetry.proto.collector.trace.v1`, the body of OTLP/HTTP `application/x-protobuf` and of OTLP/gRPC.
public enum OTLPProtobuf {
    /// Reads an `ExportTraceServiceRequest`.
    ///
    /// Unknown fields are ignored, invalid UTF-8 is repaired, unknown enum values become the default. No bytes are an empty batch.
    ///
    /// - Parameter maximumElements: how many spans, events, links and attributes it may hold together.
    /// - Throws: ``WireError`` when the bytes are no such message, hold more elements, or nest an attribute deeper than
    ///   ``WireLimit/valueDepth``.
    public static func decode(_ bytes: [UInt8], maximumElements: Int = WireLimit.elements) throws(WireError) -> DecodedSpans {
        let result: Result<DecodedSpans, WireError> = bytes.withUnsafeBufferPointer { buffer in
            do throws(WireError) { return .success(try decode(buffer, maximumElements: maximumElements)) } catch { return .failure(error) }
        }
        return try result.get()
    }

    /// Reads an `ExportTraceServiceRequest` from memory that stays unchanged during the call.
    ///
    /// - Throws: ``WireError``, as for an array.
    public static func decode(
        _ bytes: UnsafeBufferPointer<UInt8>, maximumElements: Int = WireLimit.elements
    ) throws(WireError) -> DecodedSpans {
        guard let base = bytes.baseAddress, !bytes.isEmpty else { return DecodedSpans(batch: SpanBatch()) }
        var decoder = OTLPProtobufDecoder(bytes, base: base, maximumElements: maximumElements)
        return try decoder.decode()
    }

    /// Writes an `ExportTraceServiceRequest`.
    public static func encode(_ batch: SpanBatch) -> [UInt8] {
        var bytes: [UInt8] = []
        encode(batch, into: &bytes)
        return bytes
    }

    /// An `ExportTraceServiceRequest` of the same spans in pieces of at most so many spans; a resource stands in each piece that has spans of it.
    public static func pieces(of batch: SpanBatch, maximumSpans: Int = 5_000) -> some PiecewiseText {
        OTLPProtobufPieces(parts: batch.parts(of: maximumSpans))
    }

    private struct OTLPProtobufPieces: PiecewiseText {
        var parts: SpanBatchParts

        mutating func next(size: Int) -> [UInt8]? { parts.next().map { OTLPProtobuf.encode($0) } }
    }

    /// Appends an `ExportTraceServiceRequest` to a buffer, whose memory can be used again for the next.
    public static func encode(_ batch: SpanBatch, into bytes: inout [UInt8]) {
        var encoder = OTLPProtobufEncoder(reserving: 512 + batch.spanCount * OTLPProtobufEncoder.expectedSpanSize)
        encoder.batch(batch)
        bytes.append(contentsOf: encoder.writer.written)
    }

    /// Writes an `ExportTraceServiceResponse`: no bytes for full success.
    ///
    /// `message ExportTraceServiceResponse { ExportTracePartialSuccess partial_success = 1; }`,
    /// `message ExportTracePartialSuccess { int64 rejected_spans = 1; string error_message = 2; }`
    ///
    /// - Parameter message: why spans were rejected; with `rejectedSpans` 0 it is a warning.
    public static func encodeExportResponse(rejectedSpans: Int, message: String) -> [UInt8] {
        if rejectedSpans == 0, message.isEmpty { return [] }
        var writer = ProtobufWriter(reserving: 32 + message.utf8.count)
        let mark = writer.begin(1 << 3 | 2, expecting: 2 + message.utf8.count)
        if rejectedSpans != 0 { writer.varint(1 << 3, UInt64(bitPattern: Int64(rejectedSpans))) }
        writer.string(2 << 3 | 2, message)
        writer.end(mark)
        return Array(writer.written)
    }

    /// Reads an `ExportTraceServiceResponse`.
    ///
    /// - Throws: ``WireError`` when the bytes are no such message.
    public static func decodeExportResponse(_ bytes: [UInt8]) throws(WireError) -> (rejectedSpans: Int64, message: String) {
        let result: Result<(rejectedSpans: Int64, message: String), WireError> = bytes.withUnsafeBufferPointer { buffer in
            do throws(WireError) { return .success(try decodeExportResponse(buffer)) } catch { return .failure(error) }
        }
        return try result.get()
    }

    private static func decodeExportResponse(
        _ bytes: UnsafeBufferPointer<UInt8>
    ) throws(WireError) -> (rejectedSpans: Int64, message: String) {
        var response: (rejectedSpans: Int64, message: String) = (0, "")
        guard let base = bytes.baseAddress, !bytes.isEmpty else { return response }
        var cursor = ProtobufCursor(bytes, base: base, schema: .otlp)
        while !cursor.isAtEnd {
            let tag = try cursor.tag()
            guard tag == 1 << 3 | 2 else {
                try cursor.skip(tag)
                continue
            }
            let outer = try cursor.enter()
            while !cursor.isAtEnd {
                let tag = try cursor.tag()
                switch tag {
                case 1 << 3: response.rejectedSpans = Int64(bitPattern: try cursor.varint())
                case 2 << 3 | 2: response.message = String(decoding: try cursor.bytes(), as: UTF8.self)
                default: try cursor.skip(tag)
                }
            }
            cursor.leave(outer)
        }
        return response
    }

    /// Writes a `google.rpc.Status`, the body of an error answer.
    ///
    /// `message Status { int32 code = 1; string message = 2; repeated google.protobuf.Any details = 3; }`
    ///
    /// - Parameter code: a code of `google.rpc.Code`, 3 for an invalid argument.
    public static func encodeStatus(code: Int32, message: String) -> [UInt8] {
        var writer = ProtobufWriter(reserving: 32 + message.utf8.count)
        if code != 0 { writer.varint(1 << 3, UInt64(bitPattern: Int64(code))) }
        writer.string(2 << 3 | 2, message)
        return Array(writer.written)
    }
}
