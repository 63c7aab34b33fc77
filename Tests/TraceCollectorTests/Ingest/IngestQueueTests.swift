import Testing

@testable import TraceCollector

@Suite("The queue before the store")
struct IngestQueueTests {
    private func queue(pending: Int = 100, perCommit: Int = 50) -> IngestQueue<Int> {
        IngestQueue(configuration: SpanIngestConfiguration(maximumPendingSpans: pending, maximumSpansPerCommit: perCommit, retryAfterSeconds: 3))
    }

    /// The waiters of the next commit, `nil` when there is none.
    private func next(_ queue: inout IngestQueue<Int>) -> IngestQueue<Int>.Group? {
        if case .commit(let group) = queue.next() { group } else { nil }
    }

    private func admit(_ queue: inout IngestQueue<Int>, spans: Int, waiter: Int) -> IngestError? {
        if case .refused(let refused, let error) = queue.admit(batch(spans: spans), spanCount: spans, waiter: waiter) {
            #expect(refused == waiter)
            return error
        }
        return nil
    }

    @Test("what waits goes together, up to the limit of a commit, in order")
    func groups() {
        var queue = queue()
        for waiter in 1...4 { #expect(admit(&queue, spans: 20, waiter: waiter) == nil) }
        #expect(next(&queue)?.entries.map(\.waiter) == [1, 2])
        #expect(next(&queue)?.entries.map(\.waiter) == [3, 4])
        #expect(next(&queue) == nil)
        #expect(admit(&queue, spans: 20, waiter: 5) == nil)
        #expect(next(&queue)?.spanCount == 20)
    }

    @Test("a full queue refuses, says how full it is and when to come back, and takes more after a commit")
    func overload() throws {
        var queue = queue()
        #expect(admit(&queue, spans: 90, waiter: 1) == nil)
        let error = try #require(admit(&queue, spans: 11, waiter: 2))
        #expect(error.code == .overloaded)
        #expect(error.retryAfterSeconds == 3)
        #expect(error.message == "90 spans wait for their commit, the limit is 100: no room for 11 more spans; send them again in 3 s")
        #expect(queue.counters.refusedOverloaded == 11)
        // Under way still counts.
        let group = try #require(next(&queue))
        #expect(admit(&queue, spans: 11, waiter: 2) != nil)
        queue.didCommit(group)
        #expect(admit(&queue, spans: 11, waiter: 2) == nil)
        #expect(queue.counters.committed == 90)
        #expect(queue.counters.pending == 11)
        #expect(queue.counters.received == 123)
    }

    @Test("one batch larger than the whole queue still gets through, alone")
    func hugeBatch() {
        var queue = queue()
        #expect(admit(&queue, spans: 500, waiter: 1) == nil)
        #expect(!queue.hasRoom)
        #expect(admit(&queue, spans: 1, waiter: 2)?.code == .overloaded)
        #expect(next(&queue)?.spanCount == 500)
    }

    @Test("after the shutdown nothing new comes in, what waits still goes out")
    func shutdown() {
        var queue = queue()
        #expect(admit(&queue, spans: 1, waiter: 1) == nil)
        queue.beginShutdown()
        #expect(admit(&queue, spans: 2, waiter: 2)?.code == .shuttingDown)
        #expect(queue.counters.refusedShuttingDown == 2)
        #expect(next(&queue)?.entries.map(\.waiter) == [1])
        guard case .finished = queue.next() else {
            Issue.record("the queue is drained and should say so")
            return
        }
    }

    @Test("a failed commit frees its place")
    func failure() throws {
        var queue = queue()
        #expect(admit(&queue, spans: 100, waiter: 1) == nil)
        queue.didFail(try #require(next(&queue)))
        #expect(queue.counters.pending == 0)
        #expect(queue.counters.refusedStoreFailed == 100)
        #expect(queue.counters.committed == 0)
    }

    @Test("bytes under way are bounded together, one request alone is not")
    func byteBudget() {
        let budget = ByteBudget(limit: 100)
        var first = ByteBudgetShare(of: budget)
        var second = ByteBudgetShare(of: budget)
        let answers = [
            first.grow(by: 60), second.grow(by: 50), second.grow(by: 40), first.grow(by: 1),
        ]
        #expect(answers == [true, false, true, false])
        second.release()
        let alone = first.grow(by: 500)
        #expect(alone)
        first.release()
        let again = second.grow(by: 90)
        #expect(again)
        second.release()
    }
}
