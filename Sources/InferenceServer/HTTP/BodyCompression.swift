internal import Compression
internal import HTTPTypes
internal import Inference
internal import NIOCore

/// Bodies with `Content-Encoding: gzip`, and requests with `deflate`.
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

    /// Smaller answers are sent as they are: compressing them costs more than it saves.
    static let leastCompressedSize = 1024

    /// Compresses an answer for a client that takes gzip.
    static func compress(_ reply: inout HTTPReply, accepted: String?) {
        guard reply.body.readableBytes >= leastCompressedSize, let accepted else { return }
        let takesGzip = accepted.lowercased().split(separator: ",").contains { coding in
            let parts = coding.split(separator: ";").map { $0.filter { $0 != " " } }
            return parts.first == "gzip" && !(parts.count > 1 && Double(parts[1].dropFirst(2)) == 0)
        }
        guard takesGzip else { return }
        reply.body = ByteBuffer(bytes: Gzip.compress(Array(buffer: reply.body)))
        reply.fields.append(HTTPField(name: .contentEncoding, value: "gzip"))
        reply.fields.append(HTTPField(name: .vary, value: "Accept-Encoding"))
    }
}
