internal import TraceModel

/// Zipkin's first version in Apache Thrift (zipkin-api, `zipkinCore.thrift`): the body of `POST /api/v1/spans` as `application/x-thrift`,
/// and the argument of the agent's call `emitZipkinBatch`.
public enum ZipkinThrift {
    /// The method of Jaeger's agent that takes such spans.
    static let method = "emitZipkinBatch"

    /// Reads a list of spans in the binary protocol, without a message around.
    ///
    /// Annotations mean what they mean in version 1's JSON (``ZipkinJSON/decodeV1(_:maximumElements:)``).
    ///
    /// - Parameter maximumElements: how many spans and annotations it may hold together.
    /// - Throws: ``WireError`` when the bytes are no such list or hold more elements.
    public static func decode(_ bytes: [UInt8], maximumElements: Int = WireLimit.elements) throws(WireError) -> DecodedSpans {
        let result: Result<DecodedSpans, WireError> = bytes.withUnsafeBufferPointer { buffer in
            guard let base = buffer.baseAddress, !buffer.isEmpty else {
                return .failure(WireError(code: .malformed, message: "no bytes; expected a list of Zipkin spans in Thrift"))
            }
            do throws(WireError) {
                let cursor = ThriftCursor(buffer, base: base, expected: "a list of Zipkin spans")
                var decoder = ZipkinThriftDecoder(BinaryThriftReader(cursor), maximumElements: maximumElements)
                return .success(try decoder.spans())
            } catch {
                return .failure(error)
            }
        }
        return try result.get()
    }
}
