internal import Compression
internal import Inference
internal import NIOCore

/// Request bodies with `Content-Encoding: gzip` or `deflate`.
enum BodyCompression {
    /// The plain body.
    ///
    /// - Throws: `invalidArgument` for broken data, `payloadTooLarge` beyond the limit.
    static func decompress(_ body: ByteBuffer, limit: Int) throws(InferenceError) -> ByteBuffer {
        do throws(CompressionError) {
            return ByteBuffer(bytes: try Gzip.decompress(Array(buffer: body), maximumSize: limit))
        } catch {
            guard error.code == .tooLarge else {
                throw InferenceError(.invalidArgument, "the compressed request body cannot be read: \(error.message)")
            }
            throw InferenceError(.payloadTooLarge, "the decompressed request body is larger than the limit of \(limit) bytes (maxBodySize)")
        }
    }
}
