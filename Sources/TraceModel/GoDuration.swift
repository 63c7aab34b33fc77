/// Durations as Go and Jaeger's API write them: Go's `time.ParseDuration`, such as `1.5ms`, `2s`, `100us` or `1h3m`, and also `d` and `w`.
package enum GoDuration {
    private static let units: [String: Double] = [
        "ns": 1, "us": 1e3, "µs": 1e3, "μs": 1e3, "ms": 1e6, "s": 1e9, "m": 60e9, "h": 3600e9, "d": 86_400e9, "w": 604_800e9,
    ]

    /// Nanoseconds, or `nil` when the text is no duration, is negative, or lasts more than 292 years.
    package static func nanoseconds(_ text: String) -> UInt64? {
        if text == "0" { return 0 }
        var rest = Substring(text)
        if rest.first == "+" { rest.removeFirst() }
        guard !rest.isEmpty else { return nil }
        var total = 0.0
        while !rest.isEmpty {
            let number = rest.prefix { $0.isASCII && $0.isNumber || $0 == "." }
            guard let value = decimal(number) else { return nil }
            rest = rest[number.endIndex...]
            let unit = rest.prefix { !($0.isASCII && $0.isNumber) && $0 != "." }
            guard let factor = units[String(unit)] else { return nil }
            rest = rest[unit.endIndex...]
            total += value * factor
        }
        guard total <= Double(Int64.max) else { return nil }
        return UInt64(total.rounded())
    }

    /// Digits with at most one point, and at least one digit.
    private static func decimal(_ text: Substring) -> Double? {
        guard text.contains(where: { $0 != "." }), text.count(where: { $0 == "." }) <= 1, text.utf8.count <= 40 else { return nil }
        return Double("0" + text + (text.last == "." ? "0" : ""))
    }

    // MARK: Writing

    /// As Go prints it: `1.5ms`, `2s`, `1h3m0s`; negative ones too.
    package static func text(_ nanoseconds: Int64) -> String {
        if nanoseconds == 0 { return "0s" }
        let sign = nanoseconds < 0 ? "-" : ""
        let value = nanoseconds.magnitude
        switch value {
        case ..<1_000: return "\(sign)\(value)ns"
        case ..<1_000_000: return sign + fraction(value, 1_000) + "µs"
        case ..<1_000_000_000: return sign + fraction(value, 1_000_000) + "ms"
        default:
            let seconds = fraction(value % 60_000_000_000, 1_000_000_000) + "s"
            let minutes = value / 60_000_000_000
            if minutes == 0 { return sign + seconds }
            return sign + (minutes >= 60 ? "\(minutes / 60)h" : "") + "\(minutes % 60)m" + seconds
        }
    }

    /// Without zeros at the end.
    private static func fraction(_ value: UInt64, _ unit: UInt64) -> String {
        var digits = String(value % unit)
        if digits == "0" { return String(value / unit) }
        digits = String(repeating: "0", count: String(unit).count - 1 - digits.count) + digits
        while digits.last == "0" { digits.removeLast() }
        return "\(value / unit).\(digits)"
    }
}
