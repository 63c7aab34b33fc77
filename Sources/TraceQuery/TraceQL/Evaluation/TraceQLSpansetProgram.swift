internal import TraceModel

/// A pipeline made ready to run over traces.
struct TraceQLSpansetProgram: Sendable {
    typealias Test = TraceQLCompiler.Test

    indirect enum Source: Sendable {
        /// `nil` takes every span.
        case filter(Test?)
        case operation(TraceQLSpansetOperator, Source, Source)
        case pipeline([Step])
    }

    enum Step: Sendable {
        case source(Source)
        case scalar(TraceQLAggregateProgram, TraceQLOperator, TraceQLValue)
        case by(String, TraceQLCompiler.Reader)
        case coalesce
    }

    let steps: [Step]

    init(_ stages: [TraceQLStage], _ compiler: inout TraceQLCompiler) throws(TraceQLError) {
        steps = try Self.steps(stages, &compiler)
    }

    private static func steps(_ stages: [TraceQLStage], _ compiler: inout TraceQLCompiler) throws(TraceQLError) -> [Step] {
        var steps: [Step] = []
        for stage in stages {
            switch stage {
            case .spanset(let spanset): steps.append(.source(try source(spanset, &compiler)))
            case .scalar(let aggregate, let op, let value, _):
                steps.append(.scalar(try TraceQLAggregateProgram(aggregate, &compiler), op, value))
            case .by(let expression): steps.append(.by("by(\(expression))", try compiler.reader(expression)))
            case .coalesce: steps.append(.coalesce)
            // What is selected is read when the result is made.
            case .select, .unsupported: break
            }
        }
        return steps
    }

    private static func source(_ spanset: TraceQLSpanset, _ compiler: inout TraceQLCompiler) throws(TraceQLError) -> Source {
        switch spanset {
        case .filter(nil): return .filter(nil)
        case .filter(let expression?): return .filter(try compiler.test(expression))
        case .operation(let op, let left, let right, _):
            return .operation(op, try source(left, &compiler), try source(right, &compiler))
        case .pipeline(let stages): return .pipeline(try steps(stages, &compiler))
        }
    }

    /// The sets of spans that are left at the end; none of them is empty.
    func run(_ view: TraceView) -> [TraceQLSpansetResult] {
        let all = TraceQLSpansetResult(spans: (0..<view.count).map { Int32(truncatingIfNeeded: $0) })
        return Self.run(steps[...], [all], view)
    }

    private static func run(_ steps: ArraySlice<Step>, _ input: [TraceQLSpansetResult], _ view: TraceView) -> [TraceQLSpansetResult] {
        var sets = input
        for step in steps {
            switch step {
            case .source(let source):
                sets = sets.compactMap { set in
                    let spans = run(source, set, view)
                    return spans.isEmpty ? nil : TraceQLSpansetResult(spans: spans, attributes: set.attributes)
                }
            case .scalar(let aggregate, let op, let limit):
                sets = sets.compactMap { set in
                    guard let value = aggregate.run(set.spans, view), TraceQLArithmetic.compare(value, op, limit) else { return nil }
                    return set.adding(aggregate.name, value)
                }
            case .by(let name, let read): sets = sets.flatMap { group($0, name, read, view) }
            case .coalesce:
                if sets.count > 1 {
                    sets = [TraceQLSpansetResult(spans: Array(Set(sets.flatMap(\.spans))).sorted())]
                } else if let only = sets.first {
                    sets = [TraceQLSpansetResult(spans: only.spans)]
                }
            }
            if sets.isEmpty { return [] }
        }
        return sets
    }

    private static func group(_ set: TraceQLSpansetResult, _ name: String, _ read: TraceQLCompiler.Reader, _ view: TraceView) -> [TraceQLSpansetResult] {
        var places: [TraceQLValue: Int] = [:]
        var groups: [TraceQLSpansetResult] = []
        for span in set.spans {
            let value = read(view, Int(span))
            if let place = places[value] {
                groups[place].spans.append(span)
            } else {
                places[value] = groups.count
                var group = set.adding(name, value)
                group.spans = [span]
                groups.append(group)
            }
        }
        return groups
    }

    private static func run(_ source: Source, _ input: TraceQLSpansetResult, _ view: TraceView) -> [Int32] {
        switch source {
        case .filter(nil): return input.spans
        case .filter(let test?): return input.spans.filter { test(view, Int($0)) }
        case .pipeline(let steps):
            let sets = run(steps[...], [input], view)
            return sets.count == 1 ? sets[0].spans : Array(Set(sets.flatMap(\.spans))).sorted()
        case .operation(let op, let left, let right):
            let leftSpans = run(left, input, view)
            // Most traces end here: without a left side there is nothing to be related to.
            if leftSpans.isEmpty, !op.isNegated, op != .or { return [] }
            let rightSpans = run(right, input, view)
            return TraceRelation.join(leftSpans, op, rightSpans, view)
        }
    }
}

/// A set of spans while a query runs.
struct TraceQLSpansetResult {
    /// Indices of the view, ascending.
    var spans: [Int32]
    var attributes: [(key: String, value: TraceQLValue)] = []

    init(spans: [Int32], attributes: [(key: String, value: TraceQLValue)] = []) {
        self.spans = spans
        self.attributes = attributes
    }

    func adding(_ key: String, _ value: TraceQLValue) -> TraceQLSpansetResult {
        var result = self
        if let index = attributes.firstIndex(where: { $0.key == key }) {
            result.attributes[index].value = value
        } else {
            result.attributes.append((key, value))
        }
        return result
    }
}

/// An aggregate made ready to run.
struct TraceQLAggregateProgram: Sendable {
    let name: String
    private let function: TraceQLAggregate.Function
    private let read: TraceQLCompiler.Reader?

    init(_ aggregate: TraceQLAggregate, _ compiler: inout TraceQLCompiler) throws(TraceQLError) {
        name = aggregate.description
        function = aggregate.function
        if let argument = aggregate.argument { read = try compiler.reader(argument) } else { read = nil }
    }

    /// - Returns: `nil` when no span has a number.
    func run(_ spans: [Int32], _ view: TraceView) -> TraceQLValue? {
        guard let read else { return .int(Int64(spans.count)) }
        var result: TraceQLValue?
        var count = 0
        for span in spans {
            let value = read(view, Int(span))
            guard value.type.isNumeric else { continue }
            count += 1
            guard let current = result else {
                result = value
                continue
            }
            switch function {
            case .max: if TraceQLArithmetic.compare(value, .greater, current) { result = value }
            case .min: if TraceQLArithmetic.compare(value, .less, current) { result = value }
            case .avg, .sum, .count: result = Self.sum(current, value)
            }
        }
        guard function == .avg, let sum = result else { return result }
        return switch sum {
        case .duration(let duration): .duration(duration / Int64(count))
        default: .double((sum.number ?? 0) / Double(count))
        }
    }

    private static func sum(_ left: TraceQLValue, _ right: TraceQLValue) -> TraceQLValue {
        switch (left, right) {
        case (.int(let a), .int(let b)): .int(a &+ b)
        case (.duration(let a), .duration(let b)): .duration(a &+ b)
        default: .double((left.number ?? 0) + (right.number ?? 0))
        }
    }
}
