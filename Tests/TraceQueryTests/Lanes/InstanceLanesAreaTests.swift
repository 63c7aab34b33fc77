import Testing
import TraceModel
import TraceQuery

@Suite("Areas of lanes")
struct InstanceLanesAreaTests {
    private let base = Execution.base

    private func lanes(_ executions: [Execution], view: ClosedRange<UInt64>? = nil, resolution: UInt64 = 1) -> InstanceLanes {
        let shifted = view.map { base + $0.lowerBound...base + $0.upperBound }
        return InstanceLanes(Batch.grouping(executions.flatMap(\.members)), window: base...(base + 1_000_000), view: shifted, resolution: resolution)
    }

    @Test("busy time, executions and waits of an area are those of the executions, however coarse the picture")
    func area() {
        // Each runs for 1,200 ns and a few, no two for the same time, and waited for 1,000.
        let executions = (0..<100).map { Execution(trace: $0 + 1, queue: $0 * 10_000, start: $0 * 10_000 + 1_000, infer: 1_000 + $0) }
        for resolution in [1, 1_000_000] as [UInt64] {
            let area = lanes(executions, resolution: resolution).area(base...(base + 100_000), lanes: [0])
            #expect(area.laneCount == 1)
            #expect(area.executionCount == 10)
            #expect(area.memberCount == 10)
            #expect(area.busy == 12_045)
            #expect(area.busyShare == 0.12045)
            #expect(area.meanWaiting == 0.1)
            #expect(area.wait.count == 10)
        }
    }

    @Test("executions that lie in the area in part count with that part")
    func part() {
        let found = lanes([Execution(trace: 1, queue: 0, start: 1_000, infer: 1_000)])
        #expect(found.area((base + 2_000)...(base + 3_000), lanes: [0]).busy == 200)
        #expect(found.area((base + 2_000)...(base + 3_000), lanes: [1, 7]).laneCount == 0)
        #expect(found.area(base...base, lanes: [0]).busyShare == 0)
    }

    @Test("a view has the blocks that reach into it, whole; lanes without any stay, so that rows do not jump")
    func view() {
        let executions = [Execution(trace: 1, queue: 0, start: 1_000, infer: 10_000), Execution(trace: 2, queue: 0, start: 500_000, model: "n")]
        let found = lanes(executions, view: 5_000...6_000)
        #expect(found.lanes.map(\.blocks.count) == [1, 0])
        #expect(found.lanes.map(\.executionCount) == [1, 1])
        #expect(found.lanes[0].blocks[0].start == base + 1_000)
        #expect(found.lanes[0].blocks[0].end == base + 11_200)
        #expect(found.lanes[0].blocks[0].input == 100)
        #expect(found.lanes[0].blocks[0].output == 100)
    }

    @Test("idleness is claimed only of a model whose executions are numbered without a gap and whole")
    func complete() {
        func numbered(_ id: Int64, requests: Int64 = 1) -> Execution {
            Execution(
                trace: UInt64(id), queue: 0, start: UInt64(id) * 10_000, infer: 1_000 + UInt64(id),
                compute: [Attribute("batch.id", .int(id)), Attribute("batch.requests", .int(requests))]
            )
        }
        #expect(lanes([numbered(3), numbered(4), numbered(5)]).lanes[0].isComplete)
        #expect(!lanes([numbered(3), numbered(5)]).lanes[0].isComplete)
        #expect(!lanes([numbered(3), numbered(4, requests: 2)]).lanes[0].isComplete)
        #expect(!lanes([Execution(trace: 1, queue: 0, start: 0)]).lanes[0].isComplete)
    }

    @Test("the client with the most members gives a block its name")
    func client() {
        func asked(_ trace: UInt64, _ client: String) -> Execution { Execution(trace: trace, queue: 0, start: 10_000, root: [Attribute("client.app", .string(client))]) }
        #expect(lanes([asked(1, "a"), asked(2, "b"), asked(3, "b")]).lanes[0].blocks.map(\.client) == ["b"])
        // Without an attribute, who began the trace.
        #expect(lanes([Execution(trace: 1, queue: 0, start: 0)]).lanes[0].blocks.map(\.client) == ["triton"])
    }
}
