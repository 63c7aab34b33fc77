internal import Compression

/// The coding of a request body on its way to a receiver.
public enum ExportCompression: String, Hashable, Sendable, CaseIterable {
    case none
    case gzip
    /// zlib's format, as HTTP and gRPC mean it by this name.
    case deflate
    /// Over HTTP only; the OpenTelemetry Collector and Needletail understand it.
    case zstd

    func compress(_ bytes: [UInt8]) -> [UInt8] {
        switch self {
        case .none: bytes
        case .gzip: Gzip.compress(bytes)
        case .deflate: Zlib.compress(bytes)
        case .zstd: Zstd.compress(bytes)
        }
    }
}
