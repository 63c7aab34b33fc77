internal import Synchronization
internal import TraceModel

/// What each request's trace must hold, and what came of it.
///
/// A request's number stands in its trace id and in the id of its caller's span, so that nothing has to be looked up.
final class SpanLedger: Sendable {
    /// The spans of a request to the passthrough model: name, and the index of its parent; -1 is the caller.
    private static let shape: [(name: String, parent: Int)] = [
        ("InferRequest", -1), ("passthrough", 0), ("compute", 1),
        ("pass-through-get-data", 2), ("pass-through-sleep", 2), ("pass-through-append", 2),
    ]

    static var spansPerRequest: Int { shape.count }

    struct Verdict {
        var complete = 0
        /// A span is missing, comes twice, or hangs at the wrong parent.
        var incomplete = 0
        /// `InferRequest` does not hang below its caller.
        var outside = 0
        /// Spans that belong to no request of ours.
        var unknown = 0
        /// What is wrong with the first that is wrong.
        var example = ""
    }

    private struct State {
        /// By request and place in the shape: span id and parent's id; 0 is none.
        var ids: [UInt64]
        var parents: [UInt64]
        var duplicates: Set<Int> = []
        var count = 0
        var unknown = 0
    }

    private let requests: Int
    /// Tells this run's traces from others.
    private let run = UInt64.random(in: 1 ... .max)
    private let state: Mutex<State>

    init(requests: Int) {
        self.requests = requests
        let places = requests * Self.shape.count
        state = Mutex(State(ids: Array(repeating: 0, count: places), parents: Array(repeating: 0, count: places)))
    }

    /// The `traceparent` of one request.
    func traceparent(_ request: Int) -> String {
        let number = UInt64(request) + 1
        return "00-\(Self.hex(run))\(Self.hex(number))-\(Self.hex(number))-01"
    }

    private static func hex(_ value: UInt64) -> String {
        let text = String(value, radix: 16)
        return String(repeating: "0", count: 16 - text.count) + text
    }

    var spanCount: Int { state.withLock { $0.count } }

    func add(_ batch: SpanBatch) {
        state.withLock { state in
            for resource in batch.resourceSpans {
                for scope in resource.scopeSpans {
                    for span in scope.spans { add(span, to: &state) }
                }
            }
        }
    }

    private func add(_ span: Span, to state: inout State) {
        let trace = span.traceID.description
        guard
            trace.hasPrefix(Self.hex(run)), let number = Int(trace.suffix(16), radix: 16), (1...requests).contains(number),
            let place = Self.shape.firstIndex(where: { $0.name == span.name })
        else {
            state.unknown += 1
            return
        }
        let index = (number - 1) * Self.shape.count + place
        if state.ids[index] != 0 { state.duplicates.insert(number - 1) }
        state.ids[index] = Self.number(span.spanID)
        state.parents[index] = span.parentSpanID.map(Self.number) ?? 0
        state.count += 1
    }

    private static func number(_ id: SpanID) -> UInt64 { UInt64(id.description, radix: 16) ?? 0 }

    func verdict() -> Verdict {
        state.withLock { state in
            var verdict = Verdict(unknown: state.unknown)
            for request in 0..<requests {
                let first = request * Self.shape.count
                var problem: String? = state.duplicates.contains(request) ? "a span comes twice" : nil
                for (place, expected) in Self.shape.enumerated() where problem == nil {
                    let parent = expected.parent < 0 ? UInt64(request) + 1 : state.ids[first + expected.parent]
                    if state.ids[first + place] == 0 {
                        problem = "'\(expected.name)' is missing"
                    } else if state.parents[first + place] != parent {
                        problem = "'\(expected.name)' hangs at the wrong parent"
                        if place == 0 { verdict.outside += 1 }
                    }
                }
                guard let problem else {
                    verdict.complete += 1
                    continue
                }
                verdict.incomplete += 1
                if verdict.example.isEmpty { verdict.example = "request \(request), trace \(traceparent(request)): \(problem)" }
            }
            return verdict
        }
    }
}
