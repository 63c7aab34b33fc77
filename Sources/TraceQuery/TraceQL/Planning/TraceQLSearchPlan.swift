internal import TraceModel
internal import TraceStore

/// How a search is carried out: what to ask the store for, what to run on each trace, and what to tell of a match.
struct TraceQLSearchPlan: Sendable {
    /// The most span sets told of one trace.
    static let maximumSpanSets = 1_000

    let selection: SpanSelection
    let projection: SpanProjection
    /// Nothing can match.
    let isEmpty: Bool
    private let program: TraceQLSpansetProgram
    private let slots: Int
    private let spansPerSpanSet: Int
    private let showsName: Bool
    /// What is told of each span: the key, and how the value is read.
    private let shown: [(key: String, read: TraceQLCompiler.Reader)]

    init(_ stages: [TraceQLStage], _ options: TraceQLSearchOptions) throws(TraceQLError) {
        var compiler = TraceQLCompiler()
        program = try TraceQLSpansetProgram(stages, &compiler)
        let touched = TraceQLTouched(stages)
        var shown: [(key: String, read: TraceQLCompiler.Reader)] = []
        for field in touched.fields where !Self.isHidden(field) { shown.append((field.resultKey, compiler.reader(field))) }
        self.shown = shown
        showsName = touched.fields.contains(.intrinsic(.name))
        slots = compiler.slots
        spansPerSpanSet = max(0, options.spansPerSpanSet)
        let conditions = TraceQLConditions(stages)
        isEmpty = conditions.anyOf?.isEmpty ?? false
        selection = SpanSelection(startTime: options.startTime, anyOf: conditions.anyOf ?? [])
        projection = touched.projection
    }

    /// Fields that have a place of their own in results.
    private static func isHidden(_ field: TraceQLField) -> Bool {
        switch field {
        case .intrinsic(.name), .intrinsic(.duration), .intrinsic(.traceDuration), .intrinsic(.rootName), .intrinsic(.rootServiceName),
            .intrinsic(.traceID), .intrinsic(.spanID), .parent:
            true
        default: false
        }
    }

    /// What the query finds in one trace.
    func run(_ trace: StoredTrace) -> TraceQLTrace? {
        let view = TraceView(trace.batch, slots: slots)
        let sets = program.run(view)
        if sets.isEmpty { return nil }
        let outline = view.outline
        var statistics: [String: TraceQLTrace.ServiceStatistics] = [:]
        for group in view.groups {
            var entry = statistics[group.service] ?? TraceQLTrace.ServiceStatistics(spanCount: 0, errorCount: 0)
            entry.spanCount += group.spans.count
            for index in group.spans.indices where group.spans[index].status.code == .error { entry.errorCount += 1 }
            statistics[group.service] = entry
        }
        return TraceQLTrace(
            traceID: trace.id,
            rootServiceName: outline.root.map { view.group($0).service },
            rootTraceName: outline.root.map { view.span($0).name },
            startTime: outline.start,
            duration: outline.duration,
            spanSets: sets.prefix(Self.maximumSpanSets).map { spanSet($0, view) },
            serviceStatistics: statistics
        )
    }

    private func spanSet(_ set: TraceQLSpansetResult, _ view: TraceView) -> TraceQLSpanSet {
        TraceQLSpanSet(
            spans: earliest(set.spans, view).map { entry in
                let span = view.span(entry)
                return TraceQLSpan(
                    spanID: span.spanID,
                    name: showsName ? span.name : nil,
                    startTime: span.startTime,
                    duration: span.duration,
                    attributes: shown.compactMap { field in
                        field.read(view, entry).attributeValue.map { TraceQLAttribute(key: field.key, value: $0) }
                    }
                )
            },
            matched: set.spans.count,
            attributes: set.attributes.map { TraceQLAttribute(key: $0.key, value: $0.value.attributeValue) }
        )
    }

    /// The spans that started first, in that order.
    private func earliest(_ spans: [Int32], _ view: TraceView) -> [Int] {
        func start(_ entry: Int32) -> UInt64 {
            let group = view.group(Int(entry))
            return group.spans[Int(entry) - group.start].startTime
        }
        var kept: [(start: UInt64, entry: Int32)] = []
        for entry in spans where spansPerSpanSet > 0 {
            let start = start(entry)
            if kept.count == spansPerSpanSet {
                guard let last = kept.last, start < last.start else { continue }
                kept.removeLast()
            }
            // Spans mostly come in the order of their start.
            var place = kept.count
            while place > 0, kept[place - 1].start > start { place -= 1 }
            kept.insert((start, entry), at: place)
        }
        return kept.map { Int($0.entry) }
    }
}
