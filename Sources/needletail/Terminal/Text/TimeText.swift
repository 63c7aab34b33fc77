#if canImport(Glibc)
internal import Glibc
#else
internal import Darwin
#endif

/// Moments for people, in the time zone of the terminal (`TZ`).
enum TimeText {
    /// Now, nanoseconds since the Unix epoch.
    static var now: UInt64 {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return UInt64(max(0, time.tv_sec)) &* 1_000_000_000 &+ UInt64(max(0, time.tv_nsec))
    }

    /// `2026-11-21 14:03:22.123`.
    static func full(_ nanoseconds: UInt64) -> String {
        let parts = parts(nanoseconds)
        return "\(parts.date) \(parts.time)"
    }

    /// `14:03:22.123` of the same day, else `11-20 14:03:22`: twelve and fourteen columns.
    static func short(_ nanoseconds: UInt64, now: UInt64) -> String {
        let parts = parts(nanoseconds)
        return parts.date == self.parts(now).date ? parts.time : "\(parts.date.suffix(5)) \(parts.time.prefix(8))"
    }

    private static func parts(_ nanoseconds: UInt64) -> (date: String, time: String) {
        var seconds = time_t(nanoseconds / 1_000_000_000)
        var calendar = tm()
        localtime_r(&seconds, &calendar)
        func two(_ value: Int32) -> String { value < 10 ? "0\(value)" : "\(value)" }
        let milliseconds = String(nanoseconds / 1_000_000 % 1000)
        let fraction = String(repeating: "0", count: 3 - milliseconds.count) + milliseconds
        return (
            "\(Int(calendar.tm_year) + 1900)-\(two(calendar.tm_mon + 1))-\(two(calendar.tm_mday))",
            "\(two(calendar.tm_hour)):\(two(calendar.tm_min)):\(two(calendar.tm_sec)).\(fraction)"
        )
    }
}
