/// One line of the benchmark table.
struct BenchmarkRow: Sendable {
    enum Verdict: String, Sendable {
        case pass
        case miss
        /// No target: printed for comparison.
        case reference
    }

    var name: String
    var value: Double
    /// For instance `ns`, `spans/s`, `bytes`.
    var unit: String
    /// What design asks for, as people write it: `≤ 400`. Empty for a reference row.
    var target: String
    var verdict: Verdict
    /// How it was measured, or what it is to be compared with.
    var note: String

    init(_ name: String, _ value: Double, _ unit: String, target: String = "", verdict: Verdict = .reference, note: String = "") {
        self.name = name
        self.value = value
        self.unit = unit
        self.target = target
        self.verdict = verdict
        self.note = note
    }

    /// A row whose value should not exceed a limit.
    static func atMost(_ limit: Double, _ name: String, _ value: Double, _ unit: String, note: String = "") -> BenchmarkRow {
        BenchmarkRow(name, value, unit, target: "≤ \(text(limit))", verdict: value <= limit ? .pass : .miss, note: note)
    }

    /// A row whose value should reach a limit.
    static func atLeast(_ limit: Double, _ name: String, _ value: Double, _ unit: String, note: String = "") -> BenchmarkRow {
        BenchmarkRow(name, value, unit, target: "≥ \(text(limit))", verdict: value >= limit ? .pass : .miss, note: note)
    }

    /// Three significant digits below 100, whole numbers with separators above.
    static func text(_ value: Double) -> String {
        guard value.isFinite else { return "–" }
        if abs(value) < 100 {
            let scaled = (value * 100).rounded() / 100
            return scaled == scaled.rounded() ? String(Int(scaled)) : String(scaled)
        }
        guard abs(value) < 1e15 else { return String(value) }
        var digits = Array(String(Int(abs(value).rounded())))
        var index = digits.count - 3
        while index > 0 {
            digits.insert(",", at: index)
            index -= 3
        }
        return (value < 0 ? "-" : "") + String(digits)
    }
}
