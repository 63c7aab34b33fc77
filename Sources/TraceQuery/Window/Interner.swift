/// Gives each key a small number, by the order of first use.
struct Interner<Key: Hashable & Sendable>: Sendable {
    private(set) var keys: [Key] = []
    private var numbers: [Key: UInt32] = [:]

    mutating func number(of key: Key) -> UInt32 {
        if let number = numbers[key] { return number }
        let number = UInt32(truncatingIfNeeded: keys.count)
        numbers[key] = number
        keys.append(key)
        return number
    }

    func find(_ key: Key) -> UInt32? { numbers[key] }

    subscript(number: UInt32) -> Key { keys[Int(number)] }
    var count: Int { keys.count }
}
