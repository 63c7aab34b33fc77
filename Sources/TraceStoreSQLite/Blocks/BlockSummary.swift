internal import TraceModel

/// Names a block in all partitions.
struct BlockID: Hashable, Sendable {
    var partition: Int
    var number: Int64
}

/// What a block may hold: kept in memory, so that reads open only those that can matter.
///
/// Costs about 200 bytes, and 4 for each trace and each operation in the block.
final class BlockSummary: Sendable {
    /// One bit for each value that occurs; all of them when it is not known.
    struct Marks: Hashable, Sendable {
        /// Bit n: a span of status n.
        var statuses = UInt8.max
        /// Bit n: a span of kind n.
        var kinds = UInt8.max
        /// Bit n: a span of 2ⁿ to 2ⁿ⁺¹ − 1 nanoseconds, the first one from 0.
        var durations = UInt64.max

        static let none = Marks(statuses: 0, kinds: 0, durations: 0)

        /// Adds what a span has: the numbers of its status and its kind, and its nanoseconds.
        mutating func insert(status: UInt8, kind: UInt8, duration: UInt64) {
            statuses |= 1 << status
            kinds |= 1 << kind
            durations |= 1 << Self.place(duration)
        }

        mutating func formUnion(_ other: Marks) {
            statuses |= other.statuses
            kinds |= other.kinds
            durations |= other.durations
        }

        /// The bits of all durations in a range.
        static func durations(_ minimum: UInt64, _ maximum: UInt64) -> UInt64 {
            guard minimum <= maximum else { return 0 }
            let upTo = place(maximum) == 63 ? UInt64.max : 1 << (place(maximum) + 1) - 1
            return upTo & ~(1 << place(minimum) - 1)
        }

        private static func place(_ duration: UInt64) -> UInt64 { UInt64(63 - (duration | 1).leadingZeroBitCount) }
    }

    let id: BlockID
    let spanCount: Int
    /// The earliest and latest start, nanoseconds since the Unix epoch.
    let minimumStart: UInt64
    let maximumStart: UInt64
    /// The longest duration, nanoseconds.
    let maximumDuration: UInt64
    /// Bytes when not compressed.
    let rawSize: Int
    let marks: Marks
    /// Numbers of the ``OperationTable``, sorted, unique.
    let operations: [UInt32]
    /// Fingerprints of the trace ids, sorted, unique.
    let traces: [UInt32]

    init(
        id: BlockID, spanCount: Int, minimumStart: UInt64, maximumStart: UInt64, maximumDuration: UInt64, rawSize: Int, marks: Marks,
        operations: [UInt32], traces: [UInt32]
    ) {
        self.id = id
        self.spanCount = spanCount
        self.minimumStart = minimumStart
        self.maximumStart = maximumStart
        self.maximumDuration = maximumDuration
        self.rawSize = rawSize
        self.marks = marks
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
        bytes.withUnsafeBytes { raw in
            (0..<raw.count / 4).map { UInt32(littleEndian: raw.loadUnaligned(fromByteOffset: 4 * $0, as: UInt32.self)) }
        }
    }
}

extension Array where Element: Comparable {
    /// Sorts, and leaves each number once.
    mutating func sortAndUnique() {
        sort()
        var last: Element?
        removeAll { number in
            defer { last = number }
            return number == last
        }
    }
}
