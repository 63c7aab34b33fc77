internal import TraceModel

/// The bounded buffer between spans that end and exports: batches are filled in place and leave whole.
///
/// A value without I/O: ``BatchSpanProcessor`` stands around it with a lock and does what the returned values say.
struct SpanQueue {
    /// A batch on its way, with its number in the order of filling.
    struct Batch {
        var number: UInt64
        /// Spans by scope; almost always one group.
        fileprivate var groups: [Group] = []
        var count = 0

        /// The spans with all attributes in place.
        consuming func finishedGroups() -> [ScopeSpans] {
            var finished: [ScopeSpans] = []
            // Moved out one by one: a second reference would make each group copy its spans.
            while let group = groups.popLast() { finished.insert(group.finished(), at: 0) }
            return finished
        }
    }

    /// Spans of one scope.
    ///
    /// Attributes leave the array in which their span collected them and stand here in one: an array for each span, made by
    /// one thread and freed by another, would cost the spans' threads more than all the rest (the memory allocator's locks).
    fileprivate struct Group {
        let scope: InstrumentationScope
        var spans: [Span] = []
        var attributes: [Attribute] = []
        /// How many of `attributes` each span has.
        var attributeCounts: [Int] = []
        /// Spans whose attributes are still a dictionary.
        var deferred: [(index: Int, attributes: StandardAttributes)] = []

        consuming func finished() -> ScopeSpans {
            var start = 0
            for (index, count) in attributeCounts.enumerated() where count > 0 {
                spans[index].attributes = Array(attributes[start..<start + count])
                start += count
            }
            for entry in deferred { entry.attributes.apply(to: &spans[entry.index]) }
            return ScopeSpans(scope: scope, spans: spans)
        }
    }

    enum Offer {
        case accepted
        /// A batch became full: somebody should export it.
        case filledBatch
        case droppedQueueFull(startsEpisode: Bool)
        case droppedShutdown
    }

    /// running → draining → closed; never back.
    enum Phase { case running, draining, closed }

    private(set) var phase = Phase.running
    private(set) var counters = BatchSpanProcessorCounters()
    /// Full (or flushed) batches, oldest first.
    private var ready: [Batch] = []
    private var current = Batch(number: 0)
    /// Numbers of the batches being exported.
    private var inFlight: [UInt64] = []
    /// Spans in `ready` and `current`.
    private(set) var buffered = 0
    /// Spans lost since the queue became full; `nil` while nothing is being lost.
    private var dropEpisode: Int?

    let capacity: Int
    let batchSize: Int

    init(capacity: Int, batchSize: Int) {
        self.capacity = max(capacity, 1)
        self.batchSize = min(max(batchSize, 1), self.capacity)
    }

    /// Takes a span if there is room.
    mutating func offer(_ span: consuming Span, attributes: StandardAttributes? = nil, scope: InstrumentationScope) -> Offer {
        guard phase != .closed else {
            counters.droppedShutdown += 1
            return .droppedShutdown
        }
        guard buffered < capacity else {
            counters.droppedQueueFull += 1
            let starts = dropEpisode == nil
            dropEpisode = (dropEpisode ?? 0) + 1
            return .droppedQueueFull(startsEpisode: starts)
        }
        current.append(span, attributes: attributes, scope: scope, reserving: min(batchSize, 4096))
        buffered += 1
        counters.enqueued += 1
        guard current.count >= batchSize else { return .accepted }
        seal()
        return .filledBatch
    }

    /// Closes the batch being filled, whatever its size, so that it can leave.
    ///
    /// - Returns: the number of the newest batch that holds spans accepted so far.
    @discardableResult
    mutating func seal() -> UInt64 {
        guard current.count > 0 else { return current.number &- 1 }
        let number = current.number
        var batch = Batch(number: number + 1)
        swap(&batch, &current)
        ready.append(batch)
        return number
    }

    /// Hands out the oldest batch that is ready; while draining, the unfinished one too.
    ///
    /// - Parameter limit: only batches up to this number.
    mutating func take(upTo limit: UInt64 = .max) -> Batch? {
        if phase == .draining { seal() }
        guard let first = ready.first, first.number <= limit else { return nil }
        let batch = ready.removeFirst()
        buffered -= batch.count
        inFlight.append(batch.number)
        return batch
    }

    /// Notes the end of an export.
    ///
    /// - Returns: how many spans an episode of a full queue has cost, if it is over: at least half of the queue is free again.
    mutating func finish(batch number: UInt64, exported: Int, rejected: Int, failed: Int) -> Int? {
        inFlight.removeAll { $0 == number }
        if failed == 0 { counters.exports += 1 }
        counters.exported += exported
        counters.droppedRejected += rejected
        counters.droppedExportFailed += failed
        guard let lost = dropEpisode, buffered <= capacity / 2 else { return nil }
        dropEpisode = nil
        return lost
    }

    /// No batch up to this number is waiting or being exported.
    func isSettled(upTo number: UInt64) -> Bool {
        !(ready.first.map { $0.number <= number } ?? false) && !inFlight.contains { $0 <= number }
    }

    mutating func beginDraining() {
        if phase == .running { phase = .draining }
    }

    /// Refuses spans from now on; what is still waiting is lost.
    ///
    /// - Returns: `nil` if the queue was closed before, else the number of lost spans.
    mutating func close() -> Int? {
        guard phase != .closed else { return nil }
        phase = .closed
        let lost = buffered
        counters.droppedShutdown += lost
        counters.droppedUnsent += lost
        ready = []
        current = Batch(number: current.number + 1)
        buffered = 0
        return lost
    }
}

extension SpanQueue.Batch {
    fileprivate mutating func append(
        _ span: consuming Span,
        attributes: StandardAttributes?,
        scope: InstrumentationScope,
        reserving capacity: Int
    ) {
        count += 1
        var group = 0
        while group < groups.count, groups[group].scope != scope { group += 1 }
        if group == groups.count {
            groups.append(SpanQueue.Group(scope: scope))
            if group == 0 { groups[0].reserveCapacity(capacity) }
        }
        groups[group].append(span, attributes: attributes)
    }
}

extension SpanQueue.Group {
    fileprivate mutating func reserveCapacity(_ count: Int) {
        spans.reserveCapacity(count)
        attributeCounts.reserveCapacity(count)
        attributes.reserveCapacity(8 * count)
    }

    fileprivate mutating func append(_ span: consuming Span, attributes dictionary: StandardAttributes?) {
        var collected: [Attribute] = []
        swap(&collected, &span.attributes)
        attributeCounts.append(collected.count)
        for attribute in collected { attributes.append(attribute) }
        if let dictionary { deferred.append((spans.count, dictionary)) }
        spans.append(span)
    }
}
