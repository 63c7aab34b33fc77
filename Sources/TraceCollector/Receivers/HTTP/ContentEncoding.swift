internal import Compression
internal import TraceModel

/// How a request body is compressed: `Content-Encoding` of RFC 9110.
enum ContentEncoding {
    case identity
    case gzip
    case zstd
    /// The block format, as the OpenTelemetry Collector means it.
    case snappy

    /// What the receiver can undo, for people and for `Accept-Encoding`.
    static let supported = "gzip, deflate, zstd, snappy, identity"

    /// - Returns: `nil` for an encoding that is not supported.
    init?(_ header: String?) {
        switch (header ?? "").trimmingBlanks().lowercased() {
        case "", "identity": self = .identity
        // One inflater reads both wrappers; HTTP's "deflate" is the zlib one.
        case "gzip", "x-gzip", "deflate", "zlib": self = .gzip
        case "zstd": self = .zstd
        case "snappy": self = .snappy
        default: return nil
        }
    }

    /// - Throws: when the bytes are broken, or unpack to more than `maximumSize`.
    func decode(_ bytes: [UInt8], maximumSize: Int) throws(CompressionError) -> [UInt8] {
        switch self {
        case .identity: bytes
        case .gzip: try Gzip.decompress(bytes, maximumSize: maximumSize)
        case .zstd: try Zstd.decompress(bytes, maximumSize: maximumSize)
        case .snappy: try Snappy.decompress(bytes, maximumSize: maximumSize)
        }
    }
}
