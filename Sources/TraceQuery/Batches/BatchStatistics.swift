/// Batches of models over a window: how large, and how long their requests waited.
public struct BatchStatistics: Hashable, Sendable {
    /// One model on one server.
    public struct Model: Hashable, Sendable {
        public var identity: ModelIdentity
        public var executions = 0
        /// Requests seen.
        public var members = 0
        /// Weighted executions by requests in them: seen ones, or all of them where the server tells.
        public var fill: [Int: Double] = [:]
        /// The largest seen.
        public var largest = 0
        /// Requests in an execution, on average over executions.
        public var meanFill = 0.0
        /// Every execution is here, as its running numbers tell: each counts as one, whatever weights its requests have.
        public var isComplete = false
        /// Every execution tells how many requests it had, so that fill is exact.
        public var isExact = true
        public var queueDelay = DurationSketch()
        public var inferTime = DurationSketch()
        public var cells: [Cell] = []
        /// The most that the model takes together, where the server tells.
        public var maximum: Int?
        /// Weighted share of padding in batches whose members' lengths are all told; `nil` without such.
        public var paddingWaste: Double?
        /// Requests were hidden by sampling: some stand for several, or an execution had more than were seen.
        public var isSampled = false
        /// Nanoseconds that a request waited, on average over those seen.
        public var meanWait = 0.0
        /// Lanes that were in use.
        public var instances = 0
    }

    /// Batch size by queue delay.
    public struct Cell: Hashable, Sendable {
        public var size: Int
        /// Step of ``BatchStatistics/delayScale``.
        public var delay: Int
        /// Weighted executions.
        public var count: Double
    }

    /// Queue delays from 1 µs in steps of the square root of ten.
    public static let delayScale = LogScale(lowest: 1_000, ratio: 3.162_277_660_168_379_5)

    /// By identity.
    public let models: [Model]

    public init(_ batches: [Batch]) {
        var models: [Model] = []
        for (identity, group) in Dictionary(grouping: batches, by: \.identity).sorted(by: { $0.key < $1.key }) {
            var model = Model(identity: identity)
            model.isComplete = InstanceLanes.isGapless(group)
            struct Key: Hashable {
                var size: Int
                var delay: Int
            }
            var cells: [Key: Double] = [:]
            var total = 0.0
            var (padded, waste) = (0.0, 0.0)
            var (waits, waited) = (0.0, 0.0)
            for batch in group {
                let size = batch.requestCount
                // An execution was seen because one of its requests was sampled.
                let weight = model.isComplete ? 1 : batch.members.reduce(0) { $0 + $1.weight.count } / Double(max(size, batch.members.count))
                model.executions += 1
                model.members += batch.members.count
                model.fill[size, default: 0] += weight
                model.largest = max(model.largest, size)
                model.meanFill += Double(size) * weight
                total += weight
                if batch.isComplete == nil { model.isExact = false }
                if !model.isComplete, batch.isComplete == false || batch.members.contains(where: { $0.weight.count > 1 }) { model.isSampled = true }
                model.maximum = [model.maximum, batch.maximum].compactMap(\.self).max()
                if let share = batch.paddingWaste {
                    padded += weight
                    waste += share * weight
                }
                for wait in batch.members.lazy.compactMap(\.queueTime) {
                    waits += 1
                    waited += Double(wait)
                }
                model.queueDelay.add(batch.queueDelay, weight: weight)
                model.inferTime.add(batch.inferTime, weight: weight)
                cells[Key(size: size, delay: Self.delayScale.step(of: Double(batch.queueDelay))), default: 0] += weight
            }
            model.meanFill = total > 0 ? model.meanFill / total : 0
            model.paddingWaste = padded > 0 ? waste / padded : nil
            model.meanWait = waits > 0 ? waited / waits : 0
            model.cells = cells.map { Cell(size: $0.key.size, delay: $0.key.delay, count: $0.value) }
                .sorted { ($0.size, $0.delay) < ($1.size, $1.delay) }
            model.instances = InstanceLanes.colored(group).count
            models.append(model)
        }
        self.models = models
    }
}
