import Testing
import TraceModel
import TraceQuery

@Suite("Queue split of a trace")
struct QueueBreakdownTests {
    private static func numbered(_ trace: UInt64, _ id: Int64?, queue: UInt64, start: UInt64, infer: UInt64 = 1_000, root: [Attribute] = []) -> Execution {
        Execution(
            trace: trace, queue: queue, start: start, infer: infer,
            compute: id.map { [Attribute("batch.id", .int($0)), Attribute("batch.requests", 1)] } ?? [], root: root
        )
    }

    /// Busy from 1,000 to 2,200 and from 2,300 to 3,501; the request waits from 2,000 to 4,000.
    private static let others = [numbered(1, 1, queue: 0, start: 1_000), numbered(2, 2, queue: 0, start: 2_300, infer: 1_001)]
    private static let waiting = numbered(3, 3, queue: 2_000, start: 4_000, infer: 1_002)

    private static func context(_ executions: [Execution], isWhole: Bool = true) throws -> QueueContext {
        try QueueContext(Batch.grouping(executions.flatMap(\.members)), isWhole: isWhole, for: executions[executions.count - 1].members[0])
    }

    @Test("each moment of the wait is for an instance or for the batch, and both add up to the strip's queue")
    func pieces() throws {
        let (tree, member) = (Self.waiting.tree, Self.waiting.members[0])
        let blocked = try Self.context(Self.others + [Self.waiting]).blocked(member)
        #expect(blocked == [.init(from: 2_000, to: 1_800), .init(from: 1_700, to: 499)])
        let breakdown = QueueBreakdown(tree, blocked: [member.spanID: blocked])
        #expect(breakdown.pieces.map { "\($0.row) \($0.start) \($0.duration) \($0.isBatchWait)" } == ["1 0 200 false", "1 200 100 true", "1 300 1201 false", "1 1501 499 true"])
        #expect(breakdown.noInstance == 1_401)
        #expect(breakdown.batchWait == 599)
        #expect(breakdown.noInstance + breakdown.batchWait == StageBreakdown(tree)[.queue])
    }

    @Test("a wait that nobody knows of stays whole")
    func unknown() {
        let breakdown = QueueBreakdown(Self.waiting.tree, blocked: [:])
        #expect(breakdown.pieces.isEmpty)
        #expect(breakdown.noInstance + breakdown.batchWait == 0)
    }

    @Test("of two branches at once only the one on the critical path counts, as in the strip")
    func parallel() {
        let id = TraceID(high: 7, low: 9)
        let base = Execution.base
        func branch(_ number: UInt64, _ name: String, compute: UInt64, end: UInt64) -> [Span] {
            [
                Span(
                    traceID: id, spanID: SpanID(number), parentSpanID: SpanID(1), name: name, startTime: base + 100, endTime: base + end,
                    attributes: [Attribute("triton.model_name", .string(name))], events: [SpanEvent(time: base + 100, name: "QUEUE_START")]
                ),
                Span(
                    traceID: id, spanID: SpanID(number + 1), parentSpanID: SpanID(number), name: "compute", startTime: base + compute, endTime: base + end,
                    events: [SpanEvent(time: base + compute, name: "COMPUTE_START"), SpanEvent(time: base + end, name: "COMPUTE_END")]
                ),
            ]
        }
        let root = Span(traceID: id, spanID: SpanID(1), name: "InferRequest", kind: .server, startTime: base, endTime: base + 2_000)
        let spans = [root] + branch(2, "long", compute: 800, end: 1_900) + branch(4, "short", compute: 500, end: 900)
        let resource = Resource(attributes: [Attribute("service.name", "triton")])
        let tree = TraceTree(traceID: id, batch: SpanBatch(resource: resource, scope: InstrumentationScope(name: "triton-server"), spans: spans))
        let breakdown = QueueBreakdown(tree, blocked: [SpanID(3): [.init(from: 700, to: 400)], SpanID(5): []])
        #expect(breakdown.pieces.map { "\($0.row) \($0.start) \($0.duration) \($0.isBatchWait)" } == ["1 100 300 false", "1 400 400 true", "3 100 400 true"])
        #expect(breakdown.noInstance == 300)
        #expect(breakdown.batchWait == 400)
        #expect(StageBreakdown(tree)[.queue] == 700)
    }

    @Test("what is not known is named: numbers, a missing one, too much around, and what may have come before")
    func obstacles() throws {
        #expect(throws: QueueObstacle.unnumbered) { try Self.context([Self.numbered(1, nil, queue: 0, start: 1_000), Self.waiting]) }
        #expect(throws: QueueObstacle.missing) { try Self.context([Self.others[0], Self.waiting]) }
        #expect(throws: QueueObstacle.crowded) { try Self.context(Self.others + [Self.waiting], isWhole: false) }
        // Alone, of one in ten: what ran before it may not have been kept. Alone, and each request is kept: nothing ran.
        let sampled = Self.numbered(3, 3, queue: 2_000, start: 4_000, root: [Attribute("SampleRate", 10)])
        let batches = Batch.grouping(ExecutionMember.all(in: sampled.tree, weight: TraceWeight(sampled.tree)))
        let member = try #require(batches.first?.members.first)
        #expect(member.weight.count == 10)
        #expect(throws: QueueObstacle.missing) { try QueueContext(batches, isWhole: true, for: member) }
        #expect(try Self.context([Self.waiting]).instanceCount == 1)
    }
}
