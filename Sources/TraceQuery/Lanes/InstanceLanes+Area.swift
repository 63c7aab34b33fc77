/// What an area of time and lanes holds, of the executions themselves: exact, however coarse the picture is.
extension InstanceLanes {
    public struct Area: Hashable, Sendable {
        public var laneCount = 0
        /// Nanoseconds from the area's begin to its end.
        public var length: UInt64 = 0
        /// Nanoseconds of all lanes in which they were executing.
        public var busy: UInt64 = 0
        /// Executions that lie in the area, be it in part.
        public var executionCount = 0
        /// Requests of those.
        public var memberCount = 0
        public var inferTime = DurationSketch()
        /// How long the requests had waited.
        public var wait = DurationSketch()
        /// Requests that were waiting for the models of these lanes, on average over the area.
        public var meanWaiting = 0.0

        /// Of the lanes' time.
        public var busyShare: Double { length > 0 && laneCount > 0 ? Double(busy) / (Double(length) * Double(laneCount)) : 0 }
    }

    /// - Parameters:
    ///   - range: Nanoseconds since the Unix epoch.
    ///   - indices: Of ``lanes``; others are left out.
    public func area(_ range: ClosedRange<UInt64>, lanes indices: Set<Int>) -> Area {
        let bounds = TimeRange(range.lowerBound, range.upperBound)
        var area = Area(length: bounds.length)
        var waiting = 0.0
        for index in indices where lanes.indices.contains(index) {
            area.laneCount += 1
            var end = bounds.start
            for batch in lanes[index].executions {
                for member in batch.members {
                    guard let queueStart = member.queueStart else { continue }
                    waiting += Double(TimeRange(queueStart, member.start).overlap(bounds))
                }
                // Clocks of requests differ by some hundred nanoseconds: no moment is counted twice.
                let own = TimeRange(max(batch.start, end), max(batch.end, end)).clamped(to: bounds)
                guard own.length > 0 else { continue }
                end = own.end
                let sum = area.busy.addingReportingOverflow(own.length)
                area.busy = sum.overflow ? .max : sum.partialValue
                area.executionCount += 1
                area.memberCount += batch.members.count
                area.inferTime.add(batch.inferTime)
                for wait in batch.members.lazy.compactMap(\.queueTime) { area.wait.add(wait) }
            }
        }
        area.meanWaiting = bounds.length > 0 ? waiting / Double(bounds.length) : 0
        return area
    }
}
