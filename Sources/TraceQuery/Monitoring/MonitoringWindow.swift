/// The points in time that metrics are asked for, and the spans that each looks back on. All in nanoseconds.
///
/// As with PromQL's `rate(…[window])`, a point tells of the spans of the window that ends with it.
public struct MonitoringWindow: Hashable, Sendable {
    /// The first point, nanoseconds since the Unix epoch.
    public let start: UInt64
    public let step: UInt64
    /// How many points there are: the last one is at or just before the end.
    public let pointCount: Int
    /// How many steps the window of a point has; the window is rounded up to whole steps.
    let stepsPerWindow: Int
    /// Where the window of the first point begins; never negative.
    let origin: UInt64

    /// More points are not given, as in Prometheus.
    public static let maximumPoints = 11_000
    /// Steps that a window may have.
    static let maximumStepsPerWindow = 100_000

    /// - Parameters:
    ///   - end: nanoseconds since the Unix epoch.
    ///   - lookback: how far before the end the first point is.
    ///   - window: how far each point looks back.
    /// - Returns: `nil` when the step or the window is 0, or there would be too many points or steps.
    public init?(end: UInt64, lookback: UInt64, step: UInt64, window: UInt64) {
        guard step > 0, window > 0 else { return nil }
        let start = end - min(lookback, end)
        let steps = (end - start) / step
        let wide = window / step + (window % step == 0 ? 0 : 1)
        guard steps < UInt64(Self.maximumPoints), wide <= UInt64(Self.maximumStepsPerWindow) else { return nil }
        let (back, overflow) = wide.multipliedReportingOverflow(by: step)
        self.start = start
        self.step = step
        pointCount = Int(steps) + 1
        stepsPerWindow = Int(wide)
        origin = overflow || back > start ? 0 : start - back
    }

    /// Spans that started in this range matter.
    public var spans: ClosedRange<UInt64> { origin...max(origin, time(pointCount - 1)) }

    /// Seconds that each point's rate is over.
    public var windowSeconds: Double { Double(stepsPerWindow) * Double(step) / 1e9 }

    public func time(_ point: Int) -> UInt64 { start &+ UInt64(point) &* step }

    /// The step that a time falls in, counted from the origin; the end of a step belongs to it. `nil` outside.
    func place(of time: UInt64) -> Int? {
        // Step 0 ends `stepsPerWindow - 1` steps before the first point.
        let first = start &- UInt64(stepsPerWindow) &* step
        let offset = Int64(bitPattern: time &- first)
        guard time <= self.time(pointCount - 1), offset > 0 else { return nil }
        return Int((UInt64(offset) - 1) / step)
    }
}
