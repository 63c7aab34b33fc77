internal import TraceModel
internal import TraceStore

/// The spans of one trace (or of one batch) in a flat list, as compiled queries read them.
///
/// Nothing is copied: the groups share the arrays of the batch.
final class TraceView {
    /// Spans of one resource and scope.
    final class Group {
        let resource: Resource
        let scope: InstrumentationScope
        let service: String
        let spans: [Span]
        /// Index of the first span in the flat list.
        let start: Int
        /// Answers about the resource and the scope, by the slots of the compiled query.
        var answers: [TraceQLValue?]

        init(resource: Resource, scope: InstrumentationScope, service: String, spans: [Span], start: Int, slots: Int) {
            self.resource = resource
            self.scope = scope
            self.service = service
            self.spans = spans
            self.start = start
            answers = [TraceQLValue?](repeating: nil, count: slots)
        }
    }

    let groups: [Group]
    let count: Int
    /// The group of each span.
    private let groupOf: [Int32]
    lazy var structure = TraceStructure(self)
    lazy var nestedSets = TraceNestedSets(structure)
    lazy var outline = TraceOutline(self)

    /// - Parameter slots: how many answers about resources the query keeps.
    init(_ batch: SpanBatch, slots: Int) {
        var groups: [Group] = []
        var count = 0
        for resourceSpans in batch.resourceSpans {
            let service = resourceSpans.resource.serviceName
            for scopeSpans in resourceSpans.scopeSpans where !scopeSpans.spans.isEmpty {
                groups.append(
                    Group(
                        resource: resourceSpans.resource, scope: scopeSpans.scope, service: service, spans: scopeSpans.spans, start: count, slots: slots
                    )
                )
                count += scopeSpans.spans.count
            }
        }
        self.groups = groups
        self.count = count
        if groups.count < 2 {
            groupOf = []
        } else {
            var groupOf: [Int32] = []
            groupOf.reserveCapacity(count)
            for (index, group) in groups.enumerated() {
                groupOf.append(contentsOf: repeatElement(Int32(truncatingIfNeeded: index), count: group.spans.count))
            }
            self.groupOf = groupOf
        }
    }

    @inline(__always)
    func group(_ index: Int) -> Group { groups.count == 1 ? groups[0] : groups[Int(groupOf[index])] }

    /// A copy of a span; hot paths read single fields through ``group(_:)``.
    func span(_ index: Int) -> Span {
        let group = group(index)
        return group.spans[index - group.start]
    }
}

/// What a trace is as a whole.
struct TraceOutline {
    /// Nanoseconds since the Unix epoch; spans whose clock says 0 are left out.
    var start = UInt64.max
    var end: UInt64 = 0
    /// The earliest span without a parent.
    var root: Int?

    init(_ view: TraceView) {
        var rootStart = UInt64.max
        for group in view.groups {
            for index in group.spans.indices {
                let spanStart = group.spans[index].startTime
                if spanStart > 0 { start = min(start, spanStart) }
                end = max(end, group.spans[index].endTime, spanStart)
                if !(group.spans[index].parentSpanID?.isValid ?? false), root == nil || spanStart < rootStart {
                    root = group.start + index
                    rootStart = spanStart
                }
            }
        }
        if start == .max { start = 0 }
        end = max(end, start)
    }

    var duration: UInt64 { end - start }
}
