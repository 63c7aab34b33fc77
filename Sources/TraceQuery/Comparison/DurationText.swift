/// Durations as sentences tell them.
enum DurationText {
    /// Three digits: `1.95 ms`, `58 ms`. Not negative.
    static func text(_ nanoseconds: Double) -> String {
        for (unit, size) in [("s", 1e9), ("ms", 1e6), ("µs", 1e3)] where nanoseconds >= size {
            let value = nanoseconds / size
            let digits = value >= 100 ? 1.0 : value >= 10 ? 10.0 : 100.0
            let rounded = (value * digits).rounded() / digits
            return (rounded == rounded.rounded() ? "\(Int(rounded))" : "\(rounded)") + " " + unit
        }
        return "\(Int(nanoseconds)) ns"
    }
}
