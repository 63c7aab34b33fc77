internal import TraceModel
internal import TraceStore

/// The evaluation of a metrics query: every pipeline is one scan of the store.
struct TraceQLMetricsRun {
    let root: TraceQLRoot
    let store: any TraceStore
    let intervals: TraceQLIntervals
    let options: TraceQLMetricsOptions
    var inspectedSpans = 0
    var incomplete: String?

    init(root: TraceQLRoot, store: any TraceStore, intervals: TraceQLIntervals, options: TraceQLMetricsOptions) {
        self.root = root
        self.store = store
        self.intervals = intervals
        self.options = options
    }

    mutating func evaluate(_ expression: TraceQLMetricsExpression) async throws -> TraceQLSeriesSet {
        switch expression {
        case .leaf(let stages, let function): return try await evaluate(stages, function)
        case .arithmetic(let op, let left, let right):
            let leftSet = try await evaluate(left)
            return TraceQLSeriesSet.join(leftSet, op, try await evaluate(right))
        case .scaled(let op, let number, let operand, let isNumberOnLeft):
            return try await evaluate(operand).scaled(op, number, isNumberOnLeft: isNumberOnLeft)
        case .staged(let operand, let stages):
            return stages.reduce(try await evaluate(operand)) { $0.applying($1) }
        }
    }

    /// `with(exemplars=…)` overrides what the caller asked for.
    private var exemplars: Int {
        switch root.hint("exemplars") {
        case .bool(false): 0
        case .int(let count): Int(clamping: max(0, min(count, Int64(options.exemplars))))
        default: options.exemplars
        }
    }

    private mutating func evaluate(_ stages: [TraceQLStage], _ function: TraceQLMetricsFunction) async throws -> TraceQLSeriesSet {
        let program = try TraceQLMetricsProgram(stages, function, root, intervals.window)
        let intervals = intervals
        if case .compare(let comparison) = function.kind {
            var accumulator = TraceQLCompareAccumulator(comparison, program, intervals)
            if !program.isEmpty {
                accumulator = try await scan(program, accumulator) { accumulator, batch in
                    accumulator.inspectedSpans += batch.spanCount
                    program.forEachSpan(of: batch, intervals) { accumulator.observe($0, $1, interval: $2) }
                }
            }
            inspectedSpans += accumulator.inspectedSpans
            incomplete = incomplete ?? accumulator.incomplete
            return accumulator.seriesSet()
        }
        var accumulator = TraceQLAccumulator(program, intervals, exemplars: exemplars, maximumSeries: options.maximumSeries)
        if !program.isEmpty {
            accumulator = try await scan(program, accumulator) { accumulator, batch in
                accumulator.inspectedSpans += batch.spanCount
                program.forEachSpan(of: batch, intervals) { accumulator.observe($0, $1, interval: $2) }
            }
        }
        inspectedSpans += accumulator.inspectedSpans
        incomplete = incomplete ?? accumulator.incomplete
        return accumulator.seriesSet()
    }

    private func scan<State: Sendable>(
        _ program: TraceQLMetricsProgram, _ state: State, _ body: @escaping @Sendable (inout State, SpanBatch) -> Void
    ) async throws -> State {
        if program.isSpanwise {
            return try await store.scanSpans(program.selection, projection: program.projection, into: state) { state, batch in
                try Task.checkCancellation()
                body(&state, batch)
                return .more
            }
        }
        return try await store.scanTraces(program.selection, projection: program.projection, into: state) { state, traces in
            for trace in traces {
                try Task.checkCancellation()
                body(&state, trace.batch)
            }
            return .more
        }
    }
}
