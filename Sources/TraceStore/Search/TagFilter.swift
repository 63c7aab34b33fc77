/// One condition of a search: an attribute with this key and this value, as text.
public struct TagFilter: Hashable, Sendable {
    public var key: String
    /// The value as text: see ``TraceModel/AttributeValue/searchText``.
    public var value: String

    public init(key: String, value: String) {
        self.key = key
        self.value = value
    }

    public init(_ key: String, _ value: String) {
        self.init(key: key, value: value)
    }
}
