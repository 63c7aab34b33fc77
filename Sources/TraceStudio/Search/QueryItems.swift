internal import TraceModel

/// The parameters of a URL, decoded; names may repeat.
struct QueryItems {
    private(set) var items: [(name: String, value: String)] = []

    /// - Parameter query: What stands after `?`, still encoded.
    init(_ query: String?) {
        guard let query else { return }
        for pair in query.split(separator: "&", omittingEmptySubsequences: true) {
            let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            let value = parts.count > 1 ? Self.decoded(parts[1], plusIsBlank: true) : ""
            items.append((Self.decoded(parts[0], plusIsBlank: true), value))
        }
    }

    /// The first value, also when it is empty.
    subscript(name: String) -> String? {
        items.first { $0.name == name }?.value
    }

    /// The first value that is not empty.
    func nonEmpty(_ name: String) -> String? {
        self[name].flatMap { $0.isEmpty ? nil : $0 }
    }

    /// All values in order.
    func all(_ name: String) -> [String] {
        items.filter { $0.name == name }.map(\.value)
    }

    /// With other values for some names.
    func replacing(_ values: [String: String]) -> QueryItems {
        var result = self
        result.items.removeAll { values[$0.name] != nil }
        result.items += values.map { (name: $0.key, value: $0.value) }
        return result
    }

    /// Undoes percent-encoding; a `%` without two hex digits stays as it is, invalid UTF-8 becomes U+FFFD.
    static func decoded(_ text: Substring, plusIsBlank: Bool) -> String {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(text.utf8.count)
        var rest = Array(text.utf8)[...]
        while let byte = rest.popFirst() {
            if byte == UInt8(ascii: "%"), rest.count >= 2,
                let high = Hex.value(of: rest[rest.startIndex]), let low = Hex.value(of: rest[rest.startIndex + 1])
            {
                bytes.append(high << 4 | low)
                rest = rest.dropFirst(2)
            } else if byte == UInt8(ascii: "+"), plusIsBlank {
                bytes.append(UInt8(ascii: " "))
            } else {
                bytes.append(byte)
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
