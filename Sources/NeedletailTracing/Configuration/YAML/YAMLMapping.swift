/// The keys and values of a mapping, in the order of the file.
struct YAMLMapping {
    struct Entry {
        var key: String
        /// The line of the key.
        var line: Int
        var value: YAMLReader
    }

    var entries: [Entry]

    /// The value of a key, null or not; `nil` when the key is not there.
    subscript(key: String) -> YAMLReader? { entries.first { $0.key == key }?.value }

    /// The key is there, though perhaps with null.
    func contains(_ key: String) -> Bool { entries.contains { $0.key == key } }
}
