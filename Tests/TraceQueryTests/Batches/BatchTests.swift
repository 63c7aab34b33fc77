import Testing
import TraceModel
import TraceQuery

/// A request to a model, as Triton sends it, in a trace of its own: `InferRequest` > model > compute.
struct Execution {
    static let base: UInt64 = 1_700_000_000_000_000_000

    var trace: UInt64
    /// From ``base``.
    var queue: UInt64
    var start: UInt64
    var infer: UInt64 = 1_000
    var host = "a"
    var model = "m"
    var version: Int64 = 1
    var compute: [Attribute] = []
    var root: [Attribute] = []
    var traceState = ""
    var status = SpanStatus()

    var tree: TraceTree {
        let id = TraceID(high: 7, low: trace)
        let at = { (offset: UInt64) in Self.base + offset }
        let end = start + infer + 200
        func make(_ number: UInt64, _ parent: UInt64?, _ name: String, _ kind: SpanKind, _ from: UInt64, _ to: UInt64, _ attributes: [Attribute], _ events: [(String, UInt64)]) -> Span {
            Span(
                traceID: id, spanID: SpanID(trace << 8 | number), parentSpanID: parent.map { SpanID(trace << 8 | $0) }, traceState: traceState, name: name,
                kind: kind, startTime: at(from), endTime: at(to), attributes: attributes, events: events.map { SpanEvent(time: at($0.1), name: $0.0) },
                status: number == 3 ? status : SpanStatus()
            )
        }
        let spans = [
            make(1, nil, "InferRequest", .server, queue, end + 100, root, []),
            make(
                2, 1, model, .server, queue, end, [Attribute("triton.model_name", .string(model)), Attribute("triton.model_version", .int(version))],
                [("REQUEST_START", queue), ("QUEUE_START", queue), ("REQUEST_END", end)]
            ),
            make(
                3, 2, "compute", .server, start, end, compute,
                [("COMPUTE_START", start), ("COMPUTE_INPUT_END", start + 100), ("COMPUTE_OUTPUT_START", start + 100 + infer), ("COMPUTE_END", end)]
            ),
        ]
        let resource = Resource(attributes: [Attribute("service.name", "triton"), Attribute("host.name", .string(host))])
        return TraceTree(traceID: id, batch: SpanBatch(resource: resource, scope: InstrumentationScope(name: "triton-server"), spans: spans))
    }

    var members: [ExecutionMember] { ExecutionMember.all(in: tree, weight: .unknown) }
}

@Suite("Batches")
struct BatchTests {
    private func groups(_ executions: [Execution]) -> [[UInt64]] {
        Batch.grouping(executions.flatMap(\.members)).map { $0.members.map(\.traceID.low) }
    }

    @Test("equal compute times to the nanosecond and nearly equal starts are one execution, by arrival")
    func equalTimes() throws {
        let executions = [
            Execution(trace: 1, queue: 500, start: 10_000), Execution(trace: 2, queue: 100, start: 10_140), Execution(trace: 3, queue: 300, start: 10_000, infer: 1_001),
            Execution(trace: 4, queue: 300, start: 10_000, host: "b"), Execution(trace: 5, queue: 300, start: 10_000, version: 2),
            // The same length, two milliseconds later: another execution.
            Execution(trace: 6, queue: 300, start: 2_010_000),
        ]
        #expect(groups(executions) == [[2, 1], [3], [4], [5], [6]])
        let batch = try #require(Batch.grouping(executions.flatMap(\.members)).first)
        #expect(batch.evidence == .equalTimes)
        #expect(batch.requestCount == 2)
        #expect(batch.isComplete == nil)
        #expect(batch.arrivalSpread == 400)
        #expect(batch.queueDelay == 10_040)
        #expect(batch.inferTime == 1_000)
        #expect(batch.costShare == 500)
    }

    @Test("a batch's number tells, and what it says of hidden members")
    func numbered() throws {
        func numbered(_ trace: UInt64, _ id: Int64, start: UInt64 = 10_000, infer: UInt64 = 1_000) -> Execution {
            Execution(
                trace: trace, queue: trace, start: start, infer: infer,
                compute: [Attribute("batch.id", .int(id)), Attribute("batch.size", 12), Attribute("batch.requests", 3), Attribute("instance", "m_0_1")]
            )
        }
        #expect(groups([numbered(1, 1), numbered(2, 2), numbered(3, 1, infer: 1_003)]) == [[1, 3], [2]])
        // After a restart numbers begin again.
        #expect(groups([numbered(1, 1), numbered(2, 1, start: 90_000_000)]) == [[1], [2]])
        let batch = try #require(Batch.grouping([numbered(1, 1), numbered(2, 1)].flatMap(\.members)).first)
        #expect(batch.evidence == .attribute)
        #expect(batch.requestCount == 3)
        #expect(batch.members.count == 2)
        #expect(batch.isComplete == false)
        #expect(batch.size == 12)
        #expect(batch.instance == "m_0_1")
    }

    @Test("a span that was stored twice is one member")
    func duplicates() {
        let execution = Execution(trace: 1, queue: 0, start: 10)
        #expect(groups([execution, execution]) == [[1]])
    }

    @Test("the wait is for an instance while all of them are busy, and for the batch otherwise")
    func split() throws {
        // Busy from 1,000 to 2,200 and from 2,300 to 3,501; the request waits from 2,000 to 4,000.
        let others = [Execution(trace: 1, queue: 0, start: 1_000), Execution(trace: 2, queue: 0, start: 2_300, infer: 1_001)]
        let waiting = Execution(trace: 3, queue: 2_000, start: 4_000, infer: 1_002)
        let batches = Batch.grouping((others + [waiting]).flatMap(\.members))
        let member = try #require(waiting.members.first)
        let one = try #require(QueueSplit(member, executions: batches, instanceCount: 1))
        #expect(one.noInstance == 200 + 1_201)
        #expect(one.batchWait == 2_000 - 1_401)
        let two = try #require(QueueSplit(member, executions: batches, instanceCount: 2))
        #expect(two.noInstance == 0)
    }

    @Test("statistics of a model: fill, delay, and that they are estimates where nobody tells sizes")
    func statistics() throws {
        let executions = [Execution(trace: 1, queue: 8_000, start: 10_000), Execution(trace: 2, queue: 9_000, start: 10_000), Execution(trace: 3, queue: 4_999_000, start: 5_000_000)]
        let model = try #require(BatchStatistics(Batch.grouping(executions.flatMap(\.members))).models.first)
        #expect(model.executions == 2)
        #expect(model.fill == [1: 1, 2: 1])
        #expect(model.meanFill == 1.5)
        #expect(!model.isExact)
        #expect(model.largest == 2)
        #expect(model.instances == 1)
        #expect(model.cells.map { "\($0.size) \($0.delay) \($0.count)" } == ["1 0 1.0", "2 0 1.0"])
    }
}

@Suite("Instance lanes")
struct InstanceLanesTests {
    private let base = Execution.base

    private func lanes(_ executions: [Execution], resolution: UInt64 = 1) -> [InstanceLanes.Lane] {
        InstanceLanes(Batch.grouping(executions.flatMap(\.members)), window: base...(base + 1_000_000), resolution: resolution).lanes
    }

    @Test("executions that overlap must be on different instances, others share the first free lane")
    func colors() {
        let found = lanes([
            Execution(trace: 1, queue: 0, start: 0), Execution(trace: 2, queue: 0, start: 500, infer: 1_001), Execution(trace: 3, queue: 0, start: 1_200, infer: 1_002),
            Execution(trace: 4, queue: 0, start: 5_000, model: "n"),
        ])
        #expect(found.map { "\($0.identity.model) \($0.name) \($0.executionCount) \($0.isInferred)" } == ["m lane 1 2 true", "m lane 2 1 true", "n lane 1 1 true"])
        #expect(found[0].blocks.map { $0.start - base } == [0, 1_200])
        #expect(found[0].busy == 2_402)
    }

    @Test("an attribute names the instance")
    func named() {
        func on(_ trace: UInt64, _ instance: String, _ start: UInt64) -> Execution {
            Execution(trace: trace, queue: 0, start: start, infer: 1_000 + trace, compute: [Attribute("instance", .string(instance))])
        }
        let found = lanes([on(1, "m_0_1", 0), on(2, "m_0_0", 100_000), on(3, "m_0_1", 200_000)])
        #expect(found.map { "\($0.name) \($0.executionCount) \($0.isInferred)" } == ["m_0_0 1 false", "m_0_1 2 false"])
    }

    @Test("what is shorter than a step shares a block, with its count and how busy it was")
    func density() throws {
        let found = lanes([0, 2_000, 4_000, 50_000].enumerated().map { Execution(trace: UInt64($0.offset) + 1, queue: 0, start: $0.element, infer: 1_000 + UInt64($0.offset)) }, resolution: 10_000)
        let blocks = try #require(found.first).blocks
        #expect(blocks.map(\.executionCount) == [3, 1])
        #expect(blocks.map(\.busy) == [3_603, 1_203])
        #expect(blocks[0].end - blocks[0].start == 5_202)
    }

    @Test("no two blocks of a lane overlap", arguments: 0..<30)
    func properties(seed: UInt64) {
        var random = SplitMix64(state: seed)
        let executions = (1...200).map { Execution(trace: $0, queue: 0, start: .random(in: 0...200_000, using: &random), infer: $0 * 37) }
        var count = 0
        for lane in lanes(executions) {
            for (block, next) in zip(lane.blocks, lane.blocks.dropFirst()) { #expect(block.end <= next.start) }
            count += lane.executionCount
        }
        #expect(count == 200)
    }
}
