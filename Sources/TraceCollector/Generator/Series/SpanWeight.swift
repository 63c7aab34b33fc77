internal import TraceModel

/// How many spans of the population one stands for.
struct SpanWeight: Sendable {
    /// `span_multiplier_key`: an attribute with the share that was sampled; empty for none.
    let key: String
    /// `enable_tracestate_span_multiplier`.
    let usesTraceState: Bool

    /// 1 when nothing tells.
    @inline(__always)
    func weight(_ span: UnsafePointer<Span>, _ resource: Resource) -> Double {
        if key.isEmpty, !usesTraceState { return 1 }
        return asked(span, resource)
    }

    private func asked(_ span: UnsafePointer<Span>, _ resource: Resource) -> Double {
        // Tempo's order.
        if usesTraceState, let count = span.pointee.adjustedCount { return min(count, Self.maximum) }
        if !key.isEmpty, let value = resource.attributes[key] ?? span.pointee.attributes[key] {
            let share: Double? = switch value {
            case .double(let number): number
            case .int(let number): Double(number)
            default: nil
            }
            if let share, share > 0, share.isFinite { return min(1 / share, Self.maximum) }
        }
        return 1
    }

    /// A span that claims to stand for more is not believed: its one weight would drown all others.
    private static let maximum = 1e9
}
