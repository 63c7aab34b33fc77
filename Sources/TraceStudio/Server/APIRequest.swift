internal import Compression
internal import HTTPTypes
internal import Hummingbird
internal import NIOCore
internal import TraceCollector

/// A request to one of the query APIs, its address taken apart.
struct APIRequest: Sendable {
    /// Bytes of a body, also after decompression.
    static let maximumBodySize = 64 * 1024 * 1024

    let head: Request
    /// What the path has in the places of the route's `{name}`, decoded; after a `**` the rest of the path.
    let parameters: [String]
    let items: QueryItems

    /// The parameter with this index; a route names as many as its handler asks for.
    subscript(index: Int) -> String { parameters.indices.contains(index) ? parameters[index] : "" }

    /// The media types of `Accept`, lower case, without parameters and those with weight 0.
    var accepted: [String] {
        (head.headers[.accept] ?? "").split(separator: ",").compactMap { part in
            let fields = part.split(separator: ";").map { $0.filter { $0 != " " && $0 != "\t" }.lowercased() }
            return fields.dropFirst().contains("q=0") ? nil : fields.first
        }
    }

    /// The client would rather have protobuf than JSON.
    var acceptsProtobuf: Bool {
        accepted.contains { $0 == "application/protobuf" || $0 == "application/x-protobuf" }
    }

    /// The whole body, decompressed when it came with gzip.
    ///
    /// - Throws: ``APIError`` 413 for a body beyond ``maximumBodySize``, 415 for another encoding than gzip, 400 for a broken one.
    func body() async throws -> [UInt8] {
        var bytes: [UInt8] = []
        for try await chunk in head.body {
            guard bytes.count + chunk.readableBytes <= Self.maximumBodySize else { throw Self.tooLarge }
            bytes.append(contentsOf: chunk.readableBytesView)
        }
        switch (head.headers[.contentEncoding] ?? "").lowercased() {
        case "", "identity": return bytes
        case "gzip":
            do throws(CompressionError) {
                return try Gzip.decompress(bytes, maximumSize: Self.maximumBodySize)
            } catch {
                throw error.code == .tooLarge ? Self.tooLarge : .badRequest("the body cannot be decompressed: \(error)")
            }
        case let other: throw APIError(status: 415, message: "Content-Encoding \"\(other)\" is not supported, use gzip or none")
        }
    }

    private static let tooLarge = APIError(status: 413, message: "the body has more than \(maximumBodySize) bytes")
}
