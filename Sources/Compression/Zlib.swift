/// zlib (RFC 1950): the coding `deflate` of HTTP and gRPC. ``Gzip/decompress(_:maximumSize:)`` reads it too.
public enum Zlib {
    /// Compresses bytes to one zlib stream.
    ///
    /// - Parameter level: 1 (fastest) to 9 (smallest); other values are brought into this range.
    public static func compress(_ bytes: [UInt8], level: Int32 = 1) -> [UInt8] {
        Gzip.deflated(bytes, level: level, windowBits: 15)
    }
}
