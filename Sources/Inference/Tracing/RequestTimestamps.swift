internal import NeedletailTracing

/// When one request went through the front end: one wall-clock reading at its arrival, and a clock that never steps after it.
///
/// A time of 0 says that the request did not get that far. A step of the wall clock moves a trace as a whole; it never makes a
/// negative duration.
package struct RequestTimestamps: Hashable, Sendable {
    /// Wall time of ``receiveStart``, nanoseconds since the epoch.
    package var wallAnchor: UInt64
    /// The request's head was read.
    package var receiveStart: UInt64
    /// The request's body was read.
    package var receiveEnd: UInt64 = 0
    /// The request was understood and handed to the model's scheduler.
    package var requestStart: UInt64 = 0
    /// The request entered the queue.
    package var queueStart: UInt64 = 0
    /// The scheduler gave the request back.
    package var requestEnd: UInt64 = 0
    /// The front end has the response.
    package var responseComplete: UInt64 = 0
    /// The encoded answer was handed to the connection.
    package var sendStart: UInt64 = 0
    /// The connection took the whole answer.
    package var sendEnd: UInt64 = 0

    /// A record of a request that arrives now.
    ///
    /// The two clocks are read as one: when the thread lost its processor between the readings, they are taken again, so that
    /// spans of user code, which read the wall clock, fit into these.
    package static func now() -> RequestTimestamps {
        var before = MonotonicClock.now()
        for _ in 0..<3 {
            let wall = WallClock.now()
            let after = MonotonicClock.now()
            if after &- before < longestReading { return RequestTimestamps(wallAnchor: wall, receiveStart: before) }
            before = after
        }
        return RequestTimestamps(wallAnchor: WallClock.now(), receiveStart: before)
    }

    /// Nanoseconds; reading a clock takes about 25.
    private static let longestReading: UInt64 = 1_000

    package init(wallAnchor: UInt64, receiveStart: UInt64) {
        self.wallAnchor = wallAnchor
        self.receiveStart = receiveStart
    }

    /// The latest of the times.
    package var last: UInt64 {
        max(receiveStart, receiveEnd, max(requestEnd, responseComplete, max(sendStart, sendEnd)))
    }

    /// The wall time of a moment of ``MonotonicClock``.
    package func wall(_ time: UInt64) -> UInt64 { clock.wall(time) }

    /// By which the times are told.
    var clock: TraceClock { TraceClock(wallAnchor: wallAnchor, monotonicAnchor: receiveStart) }
}

/// One moment on both clocks, by which all times of a trace are told.
struct TraceClock: Hashable, Sendable {
    /// Nanoseconds since the epoch.
    var wallAnchor: UInt64
    /// The same moment of ``MonotonicClock``.
    var monotonicAnchor: UInt64

    /// The wall time of a moment of ``MonotonicClock``.
    func wall(_ time: UInt64) -> UInt64 { wallAnchor &+ (time &- monotonicAnchor) }
}
