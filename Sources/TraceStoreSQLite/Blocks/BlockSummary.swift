internal import TraceModel

/// What a block may hold: kept in memory for every block, so that reads open only those that can matter.
///
/// Costs about 100 bytes, and 4 for each trace and each operation in the block.
final class BlockSummary: Sendable {
    let id: Int64
    let spanCount: Int
    /// The earliest and latest start, nanoseconds since the Unix epoch.
    let minimumStart: UInt64
    let maximumStart: UInt64
    /// The longest duration, nanoseconds.
    let maximumDuration: UInt64
    /// Bytes when not compressed.
    let rawSize: Int
    /// Numbers of the ``OperationTable``, sorted, unique.
    let operations: [UInt32]
    /// Fingerprints of the trace ids, sorted, unique.
    let traces: [UInt32]

    init(
        id: Int64, spanCount: Int, minimumStart: UInt64, maximumStart: UInt64, maximumDuration: UInt64, rawSize: Int,
        operations: [UInt32], traces: [UInt32]
    ) {
        self.id = id
        self.spanCount = spanCount
        self.minimumStart = minimumStart
        self.maximumStart = maximumStart
        self.maximumDuration = maximumDuration
        self.rawSize = rawSize
        self.operations = operations
        self.traces = traces
    }

    /// 32 well-mixed bits of a trace id; two ids share them once in four thousand million.
    static func fingerprint(_ id: TraceID) -> UInt32 {
        var bits = (id.high ^ (id.low << 32 | id.low >> 32)) &* 0x9e37_79b9_7f4a_7c15
        bits = (bits ^ bits >> 32 ^ id.low) &* 0xd6e8_feb8_6659_fd93
        return UInt32(truncatingIfNeeded: bits >> 32)
    }
}

/// Numbers as bytes on disk: four each, little-endian.
enum NumberList {
    static func bytes(_ numbers: [UInt32]) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(numbers.count * 4)
        for number in numbers {
            for shift in stride(from: UInt32(0), to: 32, by: 8) { bytes.append(UInt8(truncatingIfNeeded: number >> shift)) }
        }
        return bytes
    }

    static func numbers(_ bytes: [UInt8]) -> [UInt32] {
        [UInt32](unsafeUninitializedCapacity: bytes.count / 4) { buffer, count in
            count = bytes.count / 4
            for index in 0..<count {
                buffer[index] = (0..<4).reduce(0) { $0 | UInt32(bytes[4 * index + $1]) << UInt32(8 * $1) }
            }
        }
    }
}

extension Array where Element == UInt32 {
    /// Sorts, and leaves each number once.
    mutating func sortAndUnique() {
        sort()
        var last: UInt32?
        removeAll { number in
            defer { last = number }
            return number == last
        }
    }
}
