#if canImport(Glibc)
internal import Glibc
#elseif canImport(Musl)
internal import Musl
#else
internal import Darwin
#endif

/// The one clock of spans: wall time in nanoseconds.
public enum WallClock {
    /// Nanoseconds since the Unix epoch, from a single `clock_gettime(CLOCK_REALTIME)`.
    public static func now() -> UInt64 {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        // Wraps in the year 2554.
        return UInt64(truncatingIfNeeded: time.tv_sec) &* 1_000_000_000 &+ UInt64(truncatingIfNeeded: time.tv_nsec)
    }
}
