/// The keys and values of a mapping, in the order of the file.
package struct YAMLMapping {
    package struct Entry {
        package var key: String
        /// The line of the key.
        package var line: Int
        package var value: YAMLReader
    }

    package var entries: [Entry]

    /// The value of a key, null or not; `nil` when the key is not there.
    package subscript(key: String) -> YAMLReader? { entries.first { $0.key == key }?.value }

    /// The key is there, though perhaps with null.
    package func contains(_ key: String) -> Bool { entries.contains { $0.key == key } }
}
