/// Durations as Go prints them: `1.5ms`, `2s`, `1h3m0s`.
enum GoDurationText {
    static func text(_ nanoseconds: Int64) -> String {
        if nanoseconds == 0 { return "0s" }
        let sign = nanoseconds < 0 ? "-" : ""
        let value = nanoseconds.magnitude
        switch value {
        case ..<1_000: return "\(sign)\(value)ns"
        case ..<1_000_000: return sign + decimal(value, 1_000) + "µs"
        case ..<1_000_000_000: return sign + decimal(value, 1_000_000) + "ms"
        default:
            let seconds = decimal(value % 60_000_000_000, 1_000_000_000) + "s"
            let minutes = value / 60_000_000_000
            if minutes == 0 { return sign + seconds }
            return sign + (minutes >= 60 ? "\(minutes / 60)h" : "") + "\(minutes % 60)m" + seconds
        }
    }

    /// Without zeros at the end.
    private static func decimal(_ value: UInt64, _ unit: UInt64) -> String {
        var fraction = String(value % unit)
        if fraction == "0" { return String(value / unit) }
        fraction = String(repeating: "0", count: String(unit).count - 1 - fraction.count) + fraction
        while fraction.last == "0" { fraction.removeLast() }
        return "\(value / unit).\(fraction)"
    }
}
