internal import CZlib

/// gzip (RFC 1952) and zlib (RFC 1950): the codings `gzip` and `deflate` of HTTP.
public enum Gzip {
    /// Compresses bytes to one gzip member.
    ///
    /// - Parameter level: 1 (fastest) to 9 (smallest); other values are brought into this range.
    public static func compress(_ bytes: [UInt8], level: Int32 = 1) -> [UInt8] {
        // 15 bits of window, plus 16 for the gzip wrapper.
        deflated(bytes, level: level, windowBits: 15 + 16)
    }

    static func deflated(_ bytes: [UInt8], level: Int32, windowBits: Int32) -> [UInt8] {
        // zlib's state points back to the stream, whose address must therefore never change.
        let stream = UnsafeMutablePointer<z_stream>.allocate(capacity: 1)
        stream.initialize(to: z_stream())
        defer { stream.deallocate() }
        let status = deflateInit2_(
            stream, min(max(level, 1), 9), Z_DEFLATED, windowBits, 8, Z_DEFAULT_STRATEGY, ZLIB_VERSION,
            Int32(MemoryLayout<z_stream>.size)
        )
        precondition(status == Z_OK, "zlib could not start")
        // A trap: with these constant parameters only a lack of memory can fail, which Swift itself answers with a trap.
        defer { deflateEnd(stream) }
        let bound = Int(deflateBound(stream, UInt(bytes.count)))
        return [UInt8](unsafeUninitializedCapacity: bound) { output, count in
            withInput(bytes) { input in
                var consumed = 0
                repeat {
                    // zlib counts in 32 bits: larger inputs and outputs go through in pieces.
                    let inputPiece = UInt32(clamping: input.count - consumed)
                    let outputPiece = UInt32(clamping: output.count - count)
                    stream.pointee.next_in = UnsafeMutablePointer(mutating: input.baseAddress! + consumed)
                    stream.pointee.avail_in = inputPiece
                    stream.pointee.next_out = output.baseAddress! + count
                    stream.pointee.avail_out = outputPiece
                    let last = consumed + Int(inputPiece) == input.count
                    let status = deflate(stream, last ? Z_FINISH : Z_NO_FLUSH)
                    consumed += Int(inputPiece - stream.pointee.avail_in)
                    count += Int(outputPiece - stream.pointee.avail_out)
                    if status == Z_STREAM_END { return }
                } while true
            }
        }
    }

    /// Decompresses a zlib stream, or a gzip file of one or more members.
    ///
    /// - Parameter maximumSize: the most bytes to produce; a small input that would grow beyond (a "gzip bomb") costs no
    ///   more memory than this.
    /// - Throws: ``CompressionError`` `.malformed` or `.tooLarge`.
    public static func decompress(_ bytes: [UInt8], maximumSize: Int) throws(CompressionError) -> [UInt8] {
        guard !bytes.isEmpty else { throw CompressionError(code: .malformed, message: "gzip: no bytes at all; expected a gzip or zlib header") }
        let declared = declaredSize(bytes)
        // Looked through before anything is kept, so that a bomb costs no memory at all. Who declares too much by mistake is read after it.
        if declared > maximumSize { _ = try Inflater(maximumSize: maximumSize).run(bytes, keepsOutput: false, expecting: 0) }
        return try Inflater(maximumSize: maximumSize).run(bytes, keepsOutput: true, expecting: min(declared, bytes.count &* maximumRatio))
    }

    /// What deflate can shrink bytes to at most.
    private static let maximumRatio = 1032

    /// The size that the end of a gzip file tells (RFC 1952, section 2.3.1, ISIZE); 0 for zlib. Only a hint: it may be wrong, and of several
    /// members it is the last one's.
    private static func declaredSize(_ bytes: [UInt8]) -> Int {
        guard bytes.count >= 18, bytes[0] == 0x1f, bytes[1] == 0x8b else { return 0 }
        return bytes.suffix(4).reversed().reduce(0) { $0 << 8 | Int($1) }
    }

    /// Calls `body` with a buffer whose base address is never nil.
    fileprivate static func withInput<R>(_ bytes: [UInt8], _ body: (UnsafeBufferPointer<UInt8>) -> R) -> R {
        bytes.withUnsafeBufferPointer { buffer in
            if buffer.baseAddress != nil { return body(buffer) }
            return withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 1) { spare in
                body(UnsafeBufferPointer(start: spare.baseAddress, count: 0))
            }
        }
    }
}

/// One run of zlib's `inflate` with a bounded output.
private final class Inflater {
    /// zlib's state points back to the stream, whose address must therefore never change.
    private let stream: UnsafeMutablePointer<z_stream>
    private let maximumSize: Int
    /// Where zlib writes before the bytes are appended to the output.
    private let scratch = UnsafeMutableBufferPointer<UInt8>.allocate(capacity: 256 * 1024)

    init(maximumSize: Int) throws(CompressionError) {
        self.maximumSize = max(0, maximumSize)
        stream = .allocate(capacity: 1)
        stream.initialize(to: z_stream())
        // 15 bits of window, plus 32 to recognise gzip and zlib by their headers.
        guard inflateInit2_(stream, 15 + 32, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size)) == Z_OK else {
            throw CompressionError(code: .outOfMemory, message: "gzip: zlib could not allocate its window")
        }
    }

    deinit {
        inflateEnd(stream)
        stream.deallocate()
        scratch.deallocate()
    }

    /// - Parameters:
    ///   - keepsOutput: `false` only looks whether the bytes can be decompressed, and returns none.
    ///   - expecting: about how many bytes there will be, so that the output need not move while it grows.
    func run(_ bytes: [UInt8], keepsOutput: Bool, expecting: Int) throws(CompressionError) -> [UInt8] {
        var output: [UInt8] = []
        if keepsOutput { output.reserveCapacity(min(max(expecting, bytes.count &* 4), maximumSize)) }
        var consumed = 0
        var count = 0
        while true {
            // One byte beyond the limit tells "exactly full" from "too large".
            let piece = min(scratch.count, maximumSize - count + 1)
            let (status, written) = step(bytes, &consumed, piece)
            // Not appended: that would move a full buffer to one of twice its size, only to refuse it.
            count += written
            if count > maximumSize {
                throw CompressionError(code: .tooLarge, message: "gzip: decompresses to more than the \(maximumSize) bytes allowed")
            }
            if keepsOutput { output.append(contentsOf: scratch[..<written]) }
            switch status {
            case Z_STREAM_END:
                // Another gzip member may follow (RFC 1952, section 2.2).
                guard consumed + 1 < bytes.count, bytes[consumed] == 0x1f, bytes[consumed + 1] == 0x8b else { return output }
                inflateReset(stream)
            case Z_OK:
                continue
            case Z_BUF_ERROR:
                throw CompressionError(code: .malformed, message: "gzip: the data ends too early, after \(bytes.count) bytes")
            case Z_MEM_ERROR:
                throw CompressionError(code: .outOfMemory, message: "gzip: zlib could not allocate memory")
            default:
                let reason = stream.pointee.msg.map { String(cString: $0) } ?? "not gzip or zlib data"
                throw CompressionError(code: .malformed, message: "gzip: \(reason) near byte \(consumed)")
            }
        }
    }

    /// Decompresses into `scratch` until `piece` bytes are written or the input ends.
    private func step(_ bytes: [UInt8], _ consumed: inout Int, _ piece: Int) -> (status: Int32, written: Int) {
        let inputPiece = UInt32(clamping: bytes.count - consumed)
        let outputPiece = UInt32(clamping: piece)
        var status = Z_OK
        let start = consumed
        bytes.withUnsafeBufferPointer { input in
            // zlib declares its input pointer mutable, and does not write through it.
            stream.pointee.next_in = UnsafeMutablePointer(mutating: input.baseAddress! + start)
            stream.pointee.avail_in = inputPiece
            stream.pointee.next_out = scratch.baseAddress
            stream.pointee.avail_out = outputPiece
            status = inflate(stream, Z_NO_FLUSH)
        }
        consumed += Int(inputPiece - stream.pointee.avail_in)
        return (status, Int(outputPiece - stream.pointee.avail_out))
    }
}
