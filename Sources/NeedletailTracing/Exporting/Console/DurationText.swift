/// Times as people write them: three digits and a unit.
enum DurationText {
    /// `850 ns`, `12.3 µs`, `1.20 ms`, `3.50 s`, `125 s`.
    static func text(_ nanoseconds: UInt64) -> String {
        if nanoseconds < 1000 { return "\(nanoseconds) ns" }
        for (unit, name) in [(1000, "µs"), (1_000_000, "ms")] as [(UInt64, String)] where nanoseconds / unit < 1000 {
            return "\(threeDigits(nanoseconds, unit)) \(name)"
        }
        return "\(threeDigits(nanoseconds, 1_000_000_000)) s"
    }

    /// The quotient with as many decimals as make three digits; what comes after is cut.
    private static func threeDigits(_ value: UInt64, _ unit: UInt64) -> String {
        let whole = value / unit
        let rest = value % unit
        if whole >= 100 { return "\(whole)" }
        if whole >= 10 { return "\(whole).\(rest / (unit / 10))" }
        let hundredths = rest / (unit / 100)
        return "\(whole).\(hundredths < 10 ? "0" : "")\(hundredths)"
    }
}
