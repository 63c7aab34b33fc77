/// Datagrams in their order, bounded by their bytes: no lock, no I/O.
struct DatagramQueue {
    /// What a datagram takes besides its bytes.
    private static let overhead = 64

    private let limit: Int
    private let limitOfGroup: Int
    private var waiting: [[UInt8]] = []
    private var bytes = 0

    /// - Parameters:
    ///   - limit: bytes of all datagrams that wait.
    ///   - limitOfGroup: bytes of the datagrams that are taken together; at least one is.
    init(limit: Int, limitOfGroup: Int) {
        self.limit = limit
        self.limitOfGroup = limitOfGroup
    }

    var isEmpty: Bool { waiting.isEmpty }

    /// - Returns: whether there was room.
    mutating func add(_ datagram: [UInt8]) -> Bool {
        let cost = datagram.count + Self.overhead
        guard bytes + cost <= limit else { return false }
        bytes += cost
        waiting.append(datagram)
        return true
    }

    /// The oldest datagrams.
    mutating func takeGroup() -> [[UInt8]] {
        var taken = 0
        var count = 0
        for datagram in waiting {
            let cost = datagram.count + Self.overhead
            if count > 0, taken + cost > limitOfGroup { break }
            taken += cost
            count += 1
        }
        bytes -= taken
        defer { waiting.removeFirst(count) }
        return Array(waiting[..<count])
    }
}
