/// How text without quotes becomes a value: YAML 1.2's core schema, and what PyYAML adds.
package enum YAMLScalar {
    package static func isNull(_ text: String) -> Bool {
        ["", "~", "null", "Null", "NULL"].contains(text)
    }

    /// - Parameter allowsYesNo: `yes`, `no`, `on` and `off` count too, as in YAML 1.1.
    package static func boolean(_ text: String, allowsYesNo: Bool) -> Bool? {
        switch text {
        case "true", "True", "TRUE": true
        case "false", "False", "FALSE": false
        case "yes", "Yes", "YES", "on", "On", "ON": allowsYesNo ? true : nil
        case "no", "No", "NO", "off", "Off", "OFF": allowsYesNo ? false : nil
        default: nil
        }
    }

    /// Decimal, `0o` octal or `0x` hexadecimal.
    package static func integer(_ text: String) -> Int? {
        if text.hasPrefix("0x") { return digits(text.dropFirst(2)).flatMap { Int($0, radix: 16) } }
        if text.hasPrefix("0o") { return digits(text.dropFirst(2)).flatMap { Int($0, radix: 8) } }
        return Int(text)
    }

    /// What follows a prefix has no sign of its own.
    private static func digits(_ text: Substring) -> Substring? {
        text.first.map { $0 != "-" && $0 != "+" } == true ? text : nil
    }

    /// A whole number, or one with a fraction or an exponent; never infinite.
    package static func number(_ text: String) -> Double? {
        if let integer = integer(text) { return Double(integer) }
        // `Double` alone would also take "nan", "inf" and hexadecimal fractions.
        guard let first = text.utf8.first(where: { $0 != UInt8(ascii: "-") && $0 != UInt8(ascii: "+") }),
            first == UInt8(ascii: ".") || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(first),
            text.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) || ".eE+-".utf8.contains($0) }),
            let value = Double(text.hasSuffix(".") ? text + "0" : text), value.isFinite
        else { return nil }
        return value
    }
}
