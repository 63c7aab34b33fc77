internal import TraceModel

/// Traces as Zipkin's protobuf: the body of `POST /api/v2/spans` with `application/x-protobuf` (zipkin-api, `zipkin.proto`).
public enum ZipkinProtobuf {
    /// Reads a `ListOfSpans`, with the mapping of ``ZipkinJSON/decode(_:maximumElements:)``. No bytes are an empty list.
    ///
    /// - Parameter maximumElements: how many spans, annotations and tags it may hold together.
    /// - Throws: ``WireError`` when the bytes are no such message or hold more elements.
    public static func decode(_ bytes: [UInt8], maximumElements: Int = WireLimit.elements) throws(WireError) -> DecodedSpans {
        let result: Result<DecodedSpans, WireError> = bytes.withUnsafeBufferPointer { buffer in
            guard let base = buffer.baseAddress, !buffer.isEmpty else { return .success(DecodedSpans(batch: SpanBatch())) }
            var decoder = ZipkinProtobufDecoder(buffer, base: base, maximumElements: maximumElements)
            do throws(WireError) { return .success(try decoder.decode()) } catch { return .failure(error) }
        }
        return try result.get()
    }
}
