/// The name of a component: its type, and a name of its own when there are several, as in `otlp/backup`.
struct ComponentID: Hashable, Sendable, CustomStringConvertible {
    var type: String
    /// Empty for the only one of its type.
    var name: String

    /// `nil` when there is no type, or nothing after the slash.
    init?(_ text: String) {
        let parts = text.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
        type = String(parts[0])
        name = parts.count > 1 ? String(parts[1]) : ""
        guard !type.isEmpty, parts.count == 1 || !name.isEmpty else { return nil }
    }

    var description: String { name.isEmpty ? type : "\(type)/\(name)" }

    /// The name as part of a file's: letters, digits, `-` and `_`, anything else as the hexadecimal digits of its bytes.
    var fileName: String {
        description.utf8.reduce(into: "") { text, byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"),
                UInt8(ascii: "-"), UInt8(ascii: "_"):
                text.unicodeScalars.append(Unicode.Scalar(byte))
            default: text += "~" + ConditionFunction.hex([byte])
            }
        }
    }
}
