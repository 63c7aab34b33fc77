internal import TraceModel

/// Looks for a few attributes in one pass, by the length of their names first.
struct AttributeFinder: Sendable {
    let names: [String]
    /// Bit n: there is a name of n bytes; bit 63 for all longer ones.
    private let lengths: UInt64

    init(_ names: [String]) {
        self.names = names
        lengths = names.reduce(0) { $0 | 1 << UInt64(min($1.utf8.count, 63)) }
    }

    /// For each name where it is in the list, or -1; `nil` when there is none of them.
    @inline(__always)
    func find(_ attributes: [Attribute]) -> [Int]? {
        if names.isEmpty { return nil }
        return attributes.withUnsafeBufferPointer { attributes in
            var found: [Int]?
            for place in 0..<attributes.count where lengths >> UInt64(min(attributes[place].key.utf8.count, 63)) & 1 == 1 {
                for name in 0..<names.count where attributes[place].key == names[name] {
                    if found == nil { found = [Int](repeating: -1, count: names.count) }
                    // Of a key that is there twice the first counts.
                    if found?[name] == -1 { found?[name] = place }
                }
            }
            return found
        }
    }
}
