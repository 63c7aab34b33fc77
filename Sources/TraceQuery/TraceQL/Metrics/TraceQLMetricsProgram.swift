internal import TraceModel
internal import TraceStore

/// One pipeline with its metrics function, made ready to run.
struct TraceQLMetricsProgram: Sendable {
    typealias Grouping = (label: String, read: TraceQLCompiler.Reader)

    let kind: TraceQLMetricsFunction.Kind
    /// As written: the value of `__name__`.
    let name: String
    /// What is measured; `nil` where spans are counted.
    let measure: TraceQLCompiler.Reader?
    let by: [Grouping]
    /// From the unit of buckets to that of results: nanoseconds become seconds.
    let scale: Double
    /// Spans count as many as their samplers' probabilities say.
    let isExtrapolated: Bool
    /// For `compare`: which spans are selected, `nil` for all.
    let isSelected: TraceQLCompiler.Test?
    let selection: SpanSelection
    let projection: SpanProjection
    /// Nothing can match.
    let isEmpty: Bool
    /// Tests that a span passes by itself; `nil` when whole traces are needed.
    private let filters: [TraceQLCompiler.Test]?
    private let pipeline: TraceQLSpansetProgram
    let slots: Int

    init(_ stages: [TraceQLStage], _ function: TraceQLMetricsFunction, _ root: TraceQLRoot, _ window: ClosedRange<UInt64>) throws(TraceQLError) {
        kind = function.kind
        name = function.name
        var compiler = TraceQLCompiler()
        var touched = TraceQLTouched(stages)
        pipeline = try TraceQLSpansetProgram(stages, &compiler)
        if let field = function.field {
            touched.add(field)
            measure = compiler.reader(field)
            scale = if case .intrinsic(let intrinsic) = field, intrinsic.type == .duration { 1e-9 } else { 1 }
        } else {
            measure = nil
            scale = 1
        }
        var by: [Grouping] = []
        for field in function.by {
            touched.add(field)
            by.append((field.description, compiler.reader(field)))
        }
        self.by = by
        var test: TraceQLCompiler.Test?
        var isComparison = false
        if case .compare(let comparison) = function.kind {
            isComparison = true
            touched.add(comparison.selection)
            if let expression = comparison.selection { test = try compiler.test(expression) }
        }
        isSelected = test
        isExtrapolated = root.hint("extrapolate") == .bool(true)
        filters = touched.needsTrace || isComparison ? nil : Self.filters(pipeline.steps)
        slots = compiler.slots
        let conditions = TraceQLConditions(resultOf: stages)
        isEmpty = conditions.anyOf?.isEmpty ?? false
        selection = SpanSelection(startTime: window, anyOf: conditions.anyOf ?? [])
        projection = isComparison || isExtrapolated ? .whole : touched.projection
    }

    private static func filters(_ steps: [TraceQLSpansetProgram.Step]) -> [TraceQLCompiler.Test]? {
        var filters: [TraceQLCompiler.Test] = []
        for step in steps {
            guard case .source(.filter(let test)) = step else { return nil }
            if let test { filters.append(test) }
        }
        return filters
    }

    /// Spans can be judged one by one, in whatever order a store has them.
    var isSpanwise: Bool { filters != nil }

    var hasBuckets: Bool {
        switch kind {
        case .quantile, .histogram: true
        default: false
        }
    }

    /// Examples of counts have no value of their own.
    var showsValueOfExemplar: Bool {
        switch kind {
        case .rate, .count, .histogram, .compare: false
        case .min, .max, .average, .sum, .quantile: true
        }
    }

    /// Calls `body` with every span of the batch that the pipeline keeps and that starts within a step.
    func forEachSpan(of batch: SpanBatch, _ intervals: TraceQLIntervals, _ body: (TraceView, Int, Int) -> Void) {
        let view = TraceView(batch, slots: slots)
        guard let filters else {
            for set in pipeline.run(view) {
                for entry in set.spans {
                    let group = view.group(Int(entry))
                    guard let interval = intervals.index(of: group.spans[Int(entry) - group.start].startTime) else { continue }
                    body(view, Int(entry), interval)
                }
            }
            return
        }
        for group in view.groups {
            for offset in group.spans.indices {
                guard let interval = intervals.index(of: group.spans[offset].startTime) else { continue }
                let entry = group.start + offset
                var isKept = true
                for filter in filters where !filter(view, entry) {
                    isKept = false
                    break
                }
                if isKept { body(view, entry, interval) }
            }
        }
    }
}
