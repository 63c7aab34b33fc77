import Testing

@testable import Inference

/// A generator whose numbers depend on its seed alone.
struct SchedulerGenerator: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}

/// What must hold whatever comes: no request is lost or answered twice, no batch is too big, order is kept where it is promised.
@Suite struct SchedulerPropertyTests {
    private struct World {
        var state: SchedulerState<Int>
        var generator: SchedulerGenerator
        let maxBatchSize: Int
        let isOrdered: Bool
        var now: UInt64 = 0
        var next = 0
        var tickets: [Int: UInt64] = [:]
        var priorities: [Int: Int] = [:]
        var running: [SchedulerState<Int>.Batch] = []
        /// Request → how often it was answered, in whatever way.
        var ends: [Int: Int] = [:]
        var executed: [Int] = []

        mutating func apply(_ actions: SchedulerState<Int>.Actions) {
            for (entry, _) in actions.rejected { ends[entry.waiter, default: 0] += 1 }
            for batch in actions.batches {
                let size = batch.entries.reduce(0) { $0 + $1.batchSize }
                #expect(size <= maxBatchSize || batch.entries.count == 1)
                #expect(!batch.entries.isEmpty)
                #expect(Set(batch.entries.map(\.level)).count == 1 || !isOrdered)
                executed += batch.entries.map(\.waiter)
                running.append(batch)
            }
            #expect(Set(running.map(\.instance)).count == running.count, "an instance executes one batch at a time")
        }

        mutating func arrive() {
            let id = next
            next += 1
            let size = Int.random(in: 1...3, using: &generator)
            let priority = Int.random(in: 0...3, using: &generator)
            priorities[id] = priority
            ends[id] = 0
            switch state.admit(batchSize: size, priority: priority) {
            case .reject: ends[id] = 1
            case .run(let batchID, let instance):
                let entry = QueueEntry(waiter: id, batchSize: size, queued: now)
                executed.append(id)
                running.append(SchedulerState.Batch(id: batchID, instance: instance, entries: [entry]))
            case .wait:
                let entry = QueueEntry(waiter: id, batchSize: size, queued: now)
                let timeout = UInt64.random(in: 0...20, using: &generator) * 1000
                switch state.enqueue(entry, priority: priority, timeout: timeout, now: now) {
                case .success(let ticket):
                    tickets[id] = ticket
                    apply(state.advance(now: now))
                case .failure: ends[id] = 1
                }
            }
        }

        mutating func finish() {
            guard let index = running.indices.randomElement(using: &generator) else { return }
            let batch = running.remove(at: index)
            for entry in batch.entries { ends[entry.waiter, default: 0] += 1 }
            apply(state.release(batch, now: now))
        }

        mutating func leave() {
            guard let (id, ticket) = tickets.sorted(by: { $0.key < $1.key }).randomElement(using: &generator) else { return }
            if let entry = state.cancel(ticket: ticket, priority: priorities[id] ?? 0, sequence: nil, now: now) {
                #expect(entry.waiter == id)
                ends[id, default: 0] += 1
            }
        }
    }

    @Test(arguments: 0..<20)
    func everyRequestIsAnsweredOnce(seed: UInt64) {
        var generator = SchedulerGenerator(state: seed)
        let maxBatchSize = [0, 4, 8, 16].randomElement(using: &generator) ?? 4
        var definition = ModelDefinition(
            name: "m", inputs: [], outputs: [], maxBatchSize: maxBatchSize,
            instanceCount: Int.random(in: 1...3, using: &generator), maxQueueSize: Int.random(in: 1...40, using: &generator))
        let isOrdered = seed % 3 == 0
        definition.batching = .dynamic(
            DynamicBatching(
                preferredBatchSizes: Bool.random(using: &generator) ? [2, 4] : [],
                maxQueueDelayMicroseconds: Bool.random(using: &generator) ? 10 : 0,
                preserveOrdering: isOrdered,
                priorityLevels: isOrdered ? 0 : 2,
                defaultPriorityLevel: isOrdered ? 0 : 1,
                defaultQueuePolicy: QueuePolicy(
                    timeoutAction: isOrdered || Bool.random(using: &generator) ? .reject : .delay,
                    defaultTimeoutMicroseconds: Bool.random(using: &generator) ? 15 : 0,
                    allowTimeoutOverride: Bool.random(using: &generator)
                )
            )
        )
        var world = World(state: SchedulerState(definition), generator: generator, maxBatchSize: maxBatchSize, isOrdered: isOrdered)
        for _ in 0..<3000 {
            world.now += UInt64.random(in: 0...3000, using: &world.generator)
            switch Int.random(in: 0..<10, using: &world.generator) {
            case 0..<4: world.arrive()
            case 4..<7: world.finish()
            case 7: world.leave()
            default: world.apply(world.state.advance(now: world.now))
            }
        }
        // Whatever waits is executed when time goes on.
        for _ in 0..<5000 where !world.state.isIdle {
            world.now += 1_000_000
            world.apply(world.state.advance(now: world.now))
            world.finish()
        }
        #expect(world.state.isIdle)
        #expect(world.next > 500)
        #expect(world.ends.filter { $0.value != 1 }.isEmpty)
        if isOrdered { #expect(world.executed == world.executed.sorted()) }
    }
}
