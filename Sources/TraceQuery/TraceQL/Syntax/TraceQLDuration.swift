/// Durations as TraceQL writes them: first as Prometheus does (`1h30m`, `2d`, `1w`), then as Go does (`1.5s`, `100us`).
enum TraceQLDuration {
    private static let microsecond = 1_000.0
    private static let millisecond = 1_000_000.0
    private static let second = 1_000_000_000.0

    /// - Returns: nanoseconds, or `nil` when the text is no duration or is too long for 64 bits.
    static func parse(_ text: String) -> Int64? {
        prometheus(text) ?? go(text)
    }

    /// Units in descending order, whole numbers, each unit at most once.
    private static func prometheus(_ text: String) -> Int64? {
        let units: [(name: String, milliseconds: Int64)] = [
            ("y", 31_536_000_000), ("w", 604_800_000), ("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1_000), ("ms", 1),
        ]
        var next = 0
        var milliseconds: Int64 = 0
        var rest = Substring(text)
        while !rest.isEmpty {
            let digits = rest.prefix { ("0"..."9").contains($0) }
            rest = rest[digits.endIndex...]
            let unit = rest.prefix { $0.isLetter }
            rest = rest[unit.endIndex...]
            guard let number = Int64(digits), let index = units.firstIndex(where: { $0.name == unit }), index >= next else { return nil }
            let (product, overflow) = number.multipliedReportingOverflow(by: units[index].milliseconds)
            let (sum, overflowOfSum) = milliseconds.addingReportingOverflow(product)
            guard !overflow, !overflowOfSum else { return nil }
            milliseconds = sum
            next = index + 1
        }
        let (nanoseconds, overflow) = milliseconds.multipliedReportingOverflow(by: 1_000_000)
        return overflow || text.isEmpty ? nil : nanoseconds
    }

    /// Numbers, perhaps with a fraction, each with a unit, in any order.
    private static func go(_ text: String) -> Int64? {
        let units: [String: Double] = [
            "ns": 1, "us": microsecond, "µs": microsecond, "μs": microsecond, "ms": millisecond, "s": second, "m": 60 * second, "h": 3600 * second,
        ]
        var total = 0.0
        var rest = Substring(text)
        guard !rest.isEmpty else { return nil }
        while !rest.isEmpty {
            let digits = rest.prefix { ("0"..."9").contains($0) || $0 == "." }
            rest = rest[digits.endIndex...]
            let unit = rest.prefix { $0.isLetter }
            rest = rest[unit.endIndex...]
            guard let number = Double(digits), let size = units[String(unit)] else { return nil }
            total += number * size
        }
        return Int64(exactly: total.rounded())
    }

    /// As Go prints a duration: `1h30m0s`, `1.5s`, `20ms`, `100µs`, `7ns`, `0s`.
    static func text(_ nanoseconds: Int64) -> String {
        if nanoseconds == 0 { return "0s" }
        let sign = nanoseconds < 0 ? "-" : ""
        let magnitude = nanoseconds.magnitude
        switch magnitude {
        case ..<1_000: return "\(sign)\(magnitude)ns"
        case ..<1_000_000: return "\(sign)\(decimal(magnitude, 1_000))µs"
        case ..<1_000_000_000: return "\(sign)\(decimal(magnitude, 1_000_000))ms"
        default: break
        }
        let seconds = magnitude / 1_000_000_000
        let hours = seconds / 3600
        let minutes = seconds / 60 % 60
        var text = sign
        if hours > 0 { text += "\(hours)h" }
        if seconds >= 60 { text += "\(minutes)m" }
        return text + decimal(magnitude % 60_000_000_000, 1_000_000_000) + "s"
    }

    private static func decimal(_ number: UInt64, _ unit: UInt64) -> String {
        let fraction = number % unit
        if fraction == 0 { return "\(number / unit)" }
        var digits = String(unit + fraction).dropFirst()
        while digits.last == "0" { digits.removeLast() }
        return "\(number / unit).\(digits)"
    }
}
