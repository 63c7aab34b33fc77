internal import CZstd
internal import Synchronization

/// Zstandard (RFC 8878).
public enum Zstd {
    /// Compresses bytes to one frame that carries the content size.
    ///
    /// - Parameter level: 1 (fast) to 19 (small); other values are brought into this range.
    public static func compress(_ bytes: [UInt8], level: Int32 = 1) -> [UInt8] {
        let context = contexts.withLock { $0.popLast() } ?? CompressionContext()
        defer {
            contexts.withLock { if $0.count < maximumIdleContexts { $0.append(context) } }
        }
        return [UInt8](unsafeUninitializedCapacity: ZSTD_compressBound(bytes.count)) { output, count in
            bytes.withUnsafeBufferPointer { input in
                let size = ZSTD_compressCCtx(
                    context.pointer, output.baseAddress, output.count, input.baseAddress, input.count, min(max(level, 1), 19)
                )
                precondition(ZSTD_isError(size) == 0, "zstd could not compress")
                // A trap: with an output of `compressBound` bytes only a lack of memory can fail, which Swift itself answers with a trap.
                count = size
            }
        }
    }

    /// Decompresses one or more frames.
    ///
    /// - Parameter maximumSize: the most bytes to produce; checked against the frame's header before memory is taken.
    /// - Throws: ``CompressionError`` `.malformed` or `.tooLarge`.
    public static func decompress(_ bytes: [UInt8], maximumSize: Int) throws(CompressionError) -> [UInt8] {
        let maximumSize = max(0, maximumSize)
        guard !bytes.isEmpty else { throw CompressionError(code: .malformed, message: "zstd: no bytes at all; expected a frame") }
        // The two highest numbers mean "not said" and "not zstd"; the latter fails in the loop below, with zstd's own words.
        let size = bytes.withUnsafeBufferPointer { ZSTD_getFrameContentSize($0.baseAddress, $0.count) }
        let sizeIsKnown = size < UInt64.max - 1
        if sizeIsKnown, size > UInt64(maximumSize) { throw tooLarge(maximumSize) }
        if sizeIsKnown, let output = decompressFrame(bytes, size: Int(size)) { return output }
        guard let stream = ZSTD_createDCtx() else {
            throw CompressionError(code: .outOfMemory, message: "zstd: could not allocate its context")
        }
        defer { ZSTD_freeDCtx(stream) }
        var output = [UInt8](repeating: 0, count: sizeIsKnown ? Int(size) : min(maximumSize, 64 * 1024))
        var written = 0
        var consumed = 0
        while true {
            let (state, inputEnd, outputEnd) = step(stream, bytes, consumed, &output, written)
            if ZSTD_isError(state) != 0 {
                throw CompressionError(code: .malformed, message: "zstd: \(String(cString: ZSTD_getErrorName(state))) near byte \(consumed)")
            }
            let moved = inputEnd != consumed || outputEnd != written
            (consumed, written) = (inputEnd, outputEnd)
            // State 0: a frame is complete and all its bytes are written.
            if state == 0, consumed == bytes.count { break }
            if written == output.count {
                guard written < maximumSize else {
                    if moved { continue }
                    throw tooLarge(maximumSize)
                }
                output.append(contentsOf: repeatElement(0, count: min(max(written, 64 * 1024), maximumSize - written)))
            } else if !moved || consumed == bytes.count {
                throw CompressionError(code: .malformed, message: "zstd: the data ends too early, after \(bytes.count) bytes")
            }
        }
        output.removeLast(output.count - written)
        return output
    }

    /// Decompresses bytes that are one whole frame of a known size, the usual case, without clearing memory first.
    ///
    /// - Returns: `nil` when they are not.
    private static func decompressFrame(_ bytes: [UInt8], size: Int) -> [UInt8]? {
        let context = decompressionContexts.withLock { $0.popLast() } ?? DecompressionContext()
        defer {
            decompressionContexts.withLock { if $0.count < maximumIdleContexts { $0.append(context) } }
        }
        var isWhole = false
        let output = [UInt8](unsafeUninitializedCapacity: size) { output, count in
            bytes.withUnsafeBufferPointer { input in
                let written = ZSTD_decompressDCtx(context.pointer, output.baseAddress, output.count, input.baseAddress, input.count)
                isWhole = ZSTD_isError(written) == 0 && written == size
                count = isWhole ? size : 0
            }
        }
        return isWhole ? output : nil
    }

    private static func tooLarge(_ maximumSize: Int) -> CompressionError {
        CompressionError(code: .tooLarge, message: "zstd: decompresses to more than the \(maximumSize) bytes allowed")
    }

    /// One call of zstd; returns its state and the new positions in input and output.
    private static func step(
        _ stream: OpaquePointer, _ bytes: [UInt8], _ consumed: Int, _ output: inout [UInt8], _ written: Int
    ) -> (state: Int, inputEnd: Int, outputEnd: Int) {
        bytes.withUnsafeBytes { input in
            output.withUnsafeMutableBytes { output in
                var source = ZSTD_inBuffer(src: input.baseAddress, size: input.count, pos: consumed)
                var target = ZSTD_outBuffer(dst: output.baseAddress, size: output.count, pos: written)
                let state = ZSTD_decompressStream(stream, &target, &source)
                return (state, source.pos, target.pos)
            }
        }
    }

    /// Idle contexts: making one costs about as much as compressing 100 KiB.
    private static let contexts = Mutex<[CompressionContext]>([])
    private static let decompressionContexts = Mutex<[DecompressionContext]>([])
    private static let maximumIdleContexts = 4
}

/// Owns zstd's working memory.
private final class DecompressionContext: @unchecked Sendable {
    // Sendable: whoever took it out of the pool is the only one to use it.
    let pointer: OpaquePointer

    init() {
        guard let pointer = ZSTD_createDCtx() else { fatalError("zstd could not allocate its context") }
        // A trap: out of memory, as Swift's own allocations do.
        self.pointer = pointer
    }

    deinit {
        ZSTD_freeDCtx(pointer)
    }
}

/// Owns zstd's working memory.
private final class CompressionContext: @unchecked Sendable {
    // Sendable: whoever took it out of the pool is the only one to use it.
    let pointer: OpaquePointer

    init() {
        guard let pointer = ZSTD_createCCtx() else { fatalError("zstd could not allocate its context") }
        // A trap: out of memory, as Swift's own allocations do.
        self.pointer = pointer
    }

    deinit {
        ZSTD_freeCCtx(pointer)
    }
}
