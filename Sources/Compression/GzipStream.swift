internal import CZlib

/// Compresses a text that comes in pieces to one gzip member (RFC 1952), with the memory of one piece.
public final class GzipStream {
    /// zlib's state points back to the stream, whose address must therefore never change.
    private let stream: UnsafeMutablePointer<z_stream>

    /// - Parameter level: 1 (fastest) to 9 (smallest); other values are brought into this range.
    public init(level: Int32 = 1) {
        stream = .allocate(capacity: 1)
        stream.initialize(to: z_stream())
        // 15 bits of window, plus 16 for the gzip wrapper.
        let status = deflateInit2_(
            stream, min(max(level, 1), 9), Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size)
        )
        // A trap: with these constant parameters only a lack of memory can fail, which Swift itself answers with a trap.
        precondition(status == Z_OK, "zlib could not start")
    }

    deinit {
        deflateEnd(stream)
        stream.deallocate()
    }

    /// Compresses the next piece.
    ///
    /// - Parameter isLast: ends the member; nothing may follow.
    /// - Returns: what is ready to be sent, often nothing.
    public func compress(_ bytes: [UInt8], isLast: Bool) -> [UInt8] {
        var output: [UInt8] = []
        var consumed = 0
        while true {
            // zlib counts in 32 bits: larger inputs go through in pieces.
            let inputPiece = UInt32(clamping: bytes.count - consumed)
            let ends = isLast && consumed + Int(inputPiece) == bytes.count
            var status = Z_OK
            output += [UInt8](unsafeUninitializedCapacity: 64 * 1024) { room, count in
                bytes.withUnsafeBufferPointer { input in
                    // zlib declares its input pointer mutable, and does not write through it.
                    stream.pointee.next_in = input.baseAddress.map { UnsafeMutablePointer(mutating: $0 + consumed) }
                    stream.pointee.avail_in = inputPiece
                    stream.pointee.next_out = room.baseAddress
                    stream.pointee.avail_out = UInt32(clamping: room.count)
                    status = deflate(stream, ends ? Z_FINISH : Z_NO_FLUSH)
                    count = room.count - Int(stream.pointee.avail_out)
                }
            }
            let isFull = stream.pointee.avail_out == 0
            consumed += Int(inputPiece - stream.pointee.avail_in)
            if isLast ? status == Z_STREAM_END : consumed == bytes.count && !isFull { return output }
        }
    }
}
