/// Numbers for people.
enum NumberText {
    /// Digits in groups of three: `1 234 567`.
    static func grouped(_ value: some BinaryInteger) -> String {
        var result = ""
        for (index, digit) in String(value.magnitude).reversed().enumerated() {
            // A narrow space that does not break.
            if index > 0, index % 3 == 0 { result.append("\u{202f}") }
            result.append(digit)
        }
        return (value < 0 ? "-" : "") + String(result.reversed())
    }

    /// `1 span`, `2 spans`.
    static func counted(_ count: Int, _ noun: String) -> String {
        "\(grouped(count)) \(noun)\(count == 1 ? "" : "s")"
    }

    /// `512 B`, `1.21 MiB`.
    static func bytes(_ count: Int) -> String {
        if count < 1024 { return "\(count) B" }
        var value = Double(count)
        var unit = 0
        let units = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"]
        while value >= 1023.5, unit < units.count - 1 {
            value /= 1024
            unit += 1
        }
        return "\(DurationText.threeDigits(value)) \(units[unit])"
    }
}
