/// Puts environment variables into texts: `${NAME}` and `${NAME:-default}`.
struct BentoMLVariables: Sendable {
    /// Bytes of a text with everything put in.
    static let maximumLength = 1 << 16

    var environment: [String: String]

    /// The text with the variables' values, and the names of those that are not set and have no default: they are empty.
    ///
    /// What is put in is not searched again. A `${` that no name and `}` follow stays as it is.
    func expand(_ text: String) -> (text: String, missing: [String]) {
        guard text.utf8.contains(UInt8(ascii: "$")) else { return (text, []) }
        var result = ""
        var missing: [String] = []
        var rest = text[...]
        while let start = rest.firstRange(of: "${") {
            result += rest[..<start.lowerBound]
            rest = rest[start.upperBound...]
            guard let end = rest.firstIndex(of: "}"), let reference = Reference(rest[..<end]) else {
                result += "${"
                continue
            }
            rest = rest[rest.index(after: end)...]
            if let value = environment[reference.name], !value.isEmpty || reference.fallback == nil {
                result += value
            } else if let fallback = reference.fallback {
                result += fallback
            } else {
                missing.append(reference.name)
            }
        }
        return (String((result + rest).utf8.prefix(Self.maximumLength)) ?? "", missing)
    }

    /// `NAME` or `NAME:-default`.
    private struct Reference {
        var name: String
        var fallback: Substring?

        init?(_ text: Substring) {
            let separator = text.firstRange(of: ":-")
            let name = text[..<(separator?.lowerBound ?? text.endIndex)]
            guard let first = name.utf8.first, !(UInt8(ascii: "0")...UInt8(ascii: "9")).contains(first), name.utf8.allSatisfy(Self.isNameByte)
            else { return nil }
            self.name = String(name)
            fallback = separator.map { text[$0.upperBound...] }
        }

        private static func isNameByte(_ byte: UInt8) -> Bool {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"): true
            default: byte == UInt8(ascii: "_")
            }
        }
    }
}
