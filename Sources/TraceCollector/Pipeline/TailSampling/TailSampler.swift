internal import TraceModel

/// Tail sampling as a value: no I/O, no clock, no lock. Spans of a trace are gathered, and decided on together.
struct TailSampler: Sendable {
    /// What is to be done with spans that come.
    enum Disposition: Equatable, Sendable {
        /// The trace is not decided: gather them.
        case gather
        /// Late: the trace was sampled.
        case forward
        /// Late: the trace was not sampled.
        case drop
    }

    /// A trace that was decided.
    struct Decided: Sendable {
        var trace: TailTrace
        var isSampled: Bool
        /// What each policy said, as far as they were asked.
        var policies: [(name: String, decision: TailDecision)]
        /// Before its time, because too much was kept.
        var isEarly: Bool
    }

    private let settings: TailSamplingSettings
    private var policies: [TailPolicy]
    private var traces: [TraceID: TailTrace] = [:]
    /// In the order of their first spans, with the time of their decision.
    private var order: [(id: TraceID, due: UInt64)] = []
    /// Those before this one are decided.
    private var head = 0
    private var sampled: DecisionCache
    private var notSampled: DecisionCache
    private(set) var spanCount = 0
    private(set) var size = 0

    init(settings: TailSamplingSettings) {
        self.settings = settings
        // Dropping wins over everything, so it is asked first.
        policies = settings.policies.filter { $0.kind.isDrop } + settings.policies.filter { !$0.kind.isDrop }
        sampled = DecisionCache(capacity: settings.sampledCacheSize)
        notSampled = DecisionCache(capacity: settings.notSampledCacheSize)
    }

    /// Traces that wait for their decision.
    var traceCount: Int { traces.count }

    func disposition(of id: TraceID) -> Disposition {
        if traces[id] != nil { return .gather }
        if sampled.contains(id) { return .forward }
        return notSampled.contains(id) ? .drop : .gather
    }

    /// Gathers spans of one trace.
    ///
    /// - Parameters:
    ///   - entry: where they are on disk.
    ///   - now: nanoseconds of a clock that only goes forward.
    /// - Returns: the trace is new.
    @discardableResult
    mutating func gather(_ part: SpanBatch, of id: TraceID, spanCount: Int, size: Int, entry: Int64?, now: UInt64) -> Bool {
        let isNew = traces[id] == nil
        if isNew {
            let wait = UInt64(clamping: settings.decisionWait.nanoseconds)
            order.append((id, now.addingReportingOverflow(wait).overflow ? .max : now + wait))
        }
        var trace = traces.removeValue(forKey: id) ?? TailTrace(id: id)
        trace.parts.append(part)
        trace.spanCount += spanCount
        trace.size += size
        if let entry { trace.entries.append(entry) }
        traces[id] = trace
        self.spanCount += spanCount
        self.size += size
        return isNew
    }

    /// Decides on traces whose time has come, and on the oldest while too much is kept.
    mutating func decide(now: UInt64) -> [Decided] {
        var decided: [Decided] = []
        while head < order.count {
            let isOver = traces.count > settings.traceCount || spanCount > settings.maximumSpans || size > settings.maximumBytes
            guard order[head].due <= now || isOver else { break }
            let (id, due) = order[head]
            head += 1
            guard let trace = traces.removeValue(forKey: id) else { continue }
            spanCount -= trace.spanCount
            size -= trace.size
            decided.append(decide(trace, now: now, isEarly: due > now))
        }
        if head > 1024, head * 2 > order.count {
            order.removeFirst(head)
            head = 0
        }
        return decided
    }

    private mutating func decide(_ trace: TailTrace, now: UInt64, isEarly: Bool) -> Decided {
        var answers: [(name: String, decision: TailDecision)] = []
        for index in policies.indices {
            let decision = policies[index].decide(trace, now: now)
            answers.append((policies[index].name, decision))
            if decision == .dropped || (settings.samplesOnFirstMatch && decision == .sampled) { break }
        }
        let isSampled = Self.isSampled(answers.map(\.decision))
        if isSampled { sampled.insert(trace.id) } else { notSampled.insert(trace.id) }
        return Decided(trace: trace, isSampled: isSampled, policies: answers, isEarly: isEarly)
    }

    /// dropped > inverted "no" > sampled > not sampled > inverted "yes"
    static func isSampled(_ decisions: [TailDecision]) -> Bool {
        if decisions.contains(.dropped) || decisions.contains(.invertNotSampled) { return false }
        return decisions.contains(.sampled) || (decisions.contains(.invertSampled) && !decisions.contains(.notSampled))
    }
}

extension Duration {
    /// Whole nanoseconds, as far as 64 bits go.
    var nanoseconds: Int64 {
        let (seconds, attoseconds) = components
        let (product, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
        guard !overflow else { return seconds < 0 ? .min : .max }
        let (sum, isTooMuch) = product.addingReportingOverflow(attoseconds / 1_000_000_000)
        return isTooMuch ? .max : sum
    }
}
