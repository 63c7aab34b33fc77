/// Names and values of the application's own that travel with a request (OpenTelemetry specification, "Baggage API").
///
/// A value type that keeps the order in which names were set. Names and values are any strings and are told apart by case;
/// what a wire format cannot carry is left out there. Baggage is sent to every callee in plain text: keep secrets out of it.
public struct Baggage: Hashable, Sendable {
    /// One name with its value.
    public struct Entry: Hashable, Sendable {
        public var key: String
        public var value: String
        /// Opaque properties as in W3C Baggage, `name;name=value`; empty when there are none.
        public var metadata: String

        public init(key: String, value: String, metadata: String = "") {
            self.key = key
            self.value = value
            self.metadata = metadata
        }
    }

    private var entries: [Entry] = []

    public init() {}

    /// The value of a name; `nil` removes it. Setting a value this way drops the metadata of an old one.
    public subscript(key: String) -> String? {
        get { entry(forKey: key)?.value }
        set {
            if let newValue {
                set(newValue, forKey: key)
            } else {
                removeValue(forKey: key)
            }
        }
    }

    /// The value and metadata of a name.
    public func entry(forKey key: String) -> Entry? {
        entries.first { $0.key == key }
    }

    /// Sets a value; one of the same name is replaced in its place. An empty name is ignored.
    public mutating func set(_ value: String, forKey key: String, metadata: String = "") {
        guard !key.isEmpty else { return }
        let entry = Entry(key: key, value: value, metadata: metadata)
        if let index = entries.firstIndex(where: { $0.key == key }) {
            entries[index] = entry
        } else {
            entries.append(entry)
        }
    }

    /// Removes a name and its value, and returns the value.
    @discardableResult
    public mutating func removeValue(forKey key: String) -> String? {
        guard let index = entries.firstIndex(where: { $0.key == key }) else { return nil }
        return entries.remove(at: index).value
    }

    /// Removes everything, as before a call to somebody who is not trusted.
    public mutating func removeAll() { entries = [] }

    /// Takes over the entries of other baggage, which win.
    public mutating func merge(_ other: Baggage) {
        if entries.isEmpty {
            entries = other.entries
        } else {
            for entry in other { set(entry.value, forKey: entry.key, metadata: entry.metadata) }
        }
    }
}

extension Baggage: RandomAccessCollection {
    public var startIndex: Int { entries.startIndex }
    public var endIndex: Int { entries.endIndex }
    public subscript(position: Int) -> Entry { entries[position] }
}

extension Baggage: ExpressibleByDictionaryLiteral {
    public init(dictionaryLiteral elements: (String, String)...) {
        for (key, value) in elements { set(value, forKey: key) }
    }
}
