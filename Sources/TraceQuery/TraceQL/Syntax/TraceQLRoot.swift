/// A whole query.
struct TraceQLRoot: Hashable, Sendable {
    enum Body: Hashable, Sendable {
        case search([TraceQLStage])
        case metrics(TraceQLMetricsExpression)
    }

    struct Hint: Hashable, Sendable {
        var name: String
        var value: TraceQLValue
    }

    var body: Body
    /// `with(name=value, …)`
    var hints: [Hint]

    func hint(_ name: String) -> TraceQLValue? { hints.first { $0.name == name }?.value }
}

extension TraceQLRoot: CustomStringConvertible {
    /// A query with the same meaning.
    var description: String {
        let text = switch body {
        case .search(let stages): TraceQLStage.description(stages)
        case .metrics(let metrics): metrics.description
        }
        return hints.isEmpty ? text : text + " with(" + hints.map { "\($0.name)=\($0.value)" }.joined(separator: ", ") + ")"
    }
}
