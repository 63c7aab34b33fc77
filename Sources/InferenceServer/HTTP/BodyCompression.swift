internal import Compression
internal import HTTPTypes
internal import Inference
internal import NIOCore

/// Bodies with `Content-Encoding: gzip` or `deflate`.
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

    private enum Coding: String {
        case gzip, deflate
    }

    /// Compresses an answer for a client that takes one of the codings.
    static func compress(_ reply: inout HTTPReply, accepted: String?) {
        guard reply.body.readableBytes >= leastCompressedSize, let accepted, let coding = preferredCoding(accepted) else { return }
        let bytes = Array(buffer: reply.body)
        reply.body = ByteBuffer(bytes: coding == .gzip ? Gzip.compress(bytes) : Zlib.compress(bytes))
        reply.fields.append(HTTPField(name: .contentEncoding, value: coding.rawValue))
        reply.fields.append(HTTPField(name: .vary, value: "Accept-Encoding"))
    }

    /// The coding with the greatest weight; of equal ones the first (RFC 9110, section 12.5.3).
    private static func preferredCoding(_ accepted: String) -> Coding? {
        var best: (coding: Coding, weight: Double)?
        for item in accepted.lowercased().split(separator: ",") {
            let parts = item.split(separator: ";").map { $0.filter { $0 != " " } }
            guard let coding = parts.first.flatMap(Coding.init(rawValue:)) else { continue }
            let weight = parts.dropFirst().first { $0.hasPrefix("q=") }.map { Double($0.dropFirst(2)) ?? 0 } ?? 1
            if weight > best?.weight ?? 0 { best = (coding, weight) }
        }
        return best?.coding
    }
}
