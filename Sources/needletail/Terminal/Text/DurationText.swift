/// Durations for people: three digits that count, and a unit.
enum DurationText {
    private static let units: [(name: String, nanoseconds: Double)] = [("µs", 1e3), ("ms", 1e6), ("s", 1e9)]

    /// `830 ns`, `12.3 ms`, `1.24 s`, `2 min 3 s`, `5 h 2 min`, `3 d 4 h`.
    static func text(_ nanoseconds: UInt64) -> String {
        if nanoseconds < 1000 { return "\(nanoseconds) ns" }
        for (index, unit) in units.enumerated() {
            let value = Double(nanoseconds) / unit.nanoseconds
            // What would be rounded to 1000 is 1 of the next unit.
            let limit = index == units.count - 1 ? 59.95 : 999.5
            if value < limit { return "\(threeDigits(value)) \(unit.name)" }
        }
        let seconds = nanoseconds / 1_000_000_000 + (nanoseconds % 1_000_000_000 >= 500_000_000 ? 1 : 0)
        switch seconds {
        case ..<3600: return "\(seconds / 60) min \(seconds % 60) s"
        case ..<86_400: return "\(seconds / 3600) h \(seconds % 3600 / 60) min"
        default: return "\(seconds / 86_400) d \(seconds % 86_400 / 3600) h"
        }
    }

    /// A number from 1 to 1000 with three digits that count.
    static func threeDigits(_ value: Double) -> String {
        let decimals = value < 9.995 ? 2 : value < 99.95 ? 1 : 0
        return fixed(value, decimals: decimals)
    }

    static func fixed(_ value: Double, decimals: Int) -> String {
        guard value.isFinite, value.magnitude < 1e15 else { return "\(value)" }
        let scale = decimals == 0 ? 1 : decimals == 1 ? 10 : 100
        let scaled = Int((value.magnitude * Double(scale)).rounded())
        let sign = value < 0 && scaled > 0 ? "-" : ""
        let fraction = String(scaled % scale)
        if decimals == 0 { return "\(sign)\(scaled)" }
        return "\(sign)\(scaled / scale).\(String(repeating: "0", count: decimals - fraction.count))\(fraction)"
    }

    /// `12 %`, and `<1 %` for what is there but small.
    static func share(_ part: UInt64, of whole: UInt64) -> String {
        guard whole > 0, part > 0 else { return "0 %" }
        let percent = Double(part) * 100 / Double(whole)
        return percent < 1 ? "<1 %" : "\(fixed(percent, decimals: 0)) %"
    }
}
