internal import Glibc

/// One reading of the clocks.
struct GeneratorTime: Hashable, Sendable {
    /// Nanoseconds of a clock that never jumps: for waits.
    var monotonic: UInt64
    /// Seconds since the epoch: for exemplars.
    var wall: Double

    static func now() -> GeneratorTime {
        var steady = timespec()
        clock_gettime(CLOCK_MONOTONIC, &steady)
        var wall = timespec()
        clock_gettime(CLOCK_REALTIME, &wall)
        return GeneratorTime(
            monotonic: UInt64(steady.tv_sec) * 1_000_000_000 + UInt64(steady.tv_nsec),
            wall: Double(wall.tv_sec) + Double(wall.tv_nsec / 1_000_000) / 1000
        )
    }

    /// Seconds of a setting as nanoseconds; what is no time is none.
    static func nanoseconds(_ seconds: Double) -> UInt64 {
        seconds > 0 ? UInt64(min(seconds, 1e9) * 1e9) : 0
    }
}
