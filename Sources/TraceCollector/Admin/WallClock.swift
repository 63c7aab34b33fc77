#if canImport(Glibc)
internal import Glibc
#else
internal import Darwin
#endif

/// The time of day, in the words of Go's programs.
enum WallClock {
    /// Nanoseconds since the Unix epoch.
    static func now() -> UInt64 {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return UInt64(max(0, time.tv_sec)) * 1_000_000_000 + UInt64(max(0, time.tv_nsec))
    }

    /// RFC 3339 in UTC with nanoseconds, as in `2026-01-02T03:04:05.000000006Z`.
    static func rfc3339(_ time: UInt64) -> String {
        var seconds = time_t(clamping: time / 1_000_000_000)
        var parts = tm()
        gmtime_r(&seconds, &parts)
        func digits(_ value: Int32, _ count: Int) -> String {
            let text = String(value)
            return String(repeating: "0", count: max(0, count - text.count)) + text
        }
        let fraction = digits(Int32(truncatingIfNeeded: time % 1_000_000_000), 9)
        return "\(digits(parts.tm_year + 1900, 4))-\(digits(parts.tm_mon + 1, 2))-\(digits(parts.tm_mday, 2))"
            + "T\(digits(parts.tm_hour, 2)):\(digits(parts.tm_min, 2)):\(digits(parts.tm_sec, 2)).\(fraction)Z"
    }

    /// As Go's `time.Duration` is printed from a second on: `1h2m3.5s`.
    static func goDuration(_ nanoseconds: UInt64) -> String {
        let seconds = nanoseconds / 1_000_000_000
        var fraction = String(nanoseconds % 1_000_000_000)
        fraction = String(repeating: "0", count: 9 - fraction.count) + fraction
        while fraction.hasSuffix("0") { fraction.removeLast() }
        let (hours, minutes) = (seconds / 3600, seconds / 60 % 60)
        var text = hours > 0 ? "\(hours)h" : ""
        if hours > 0 || minutes > 0 { text += "\(minutes)m" }
        return text + "\(seconds % 60)" + (fraction.isEmpty ? "" : ".\(fraction)") + "s"
    }
}
