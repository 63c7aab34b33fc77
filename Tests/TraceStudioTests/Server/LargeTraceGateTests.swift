import PrometheusMetrics
import Testing

@testable import TraceStudio

@Suite("Places for large traces", .timeLimit(.minutes(2)))
struct LargeTraceGateTests {
    private static let large = LargeTraceGate.unreadSize + 1

    @Test("a small trace needs no place")
    func small() async throws {
        let gate = LargeTraceGate(capacity: 1, patience: .zero)
        let first = try await gate.enter(size: Self.large)
        #expect(first != nil)
        #expect(try await gate.enter(size: LargeTraceGate.smallSize) == nil)
        withExtendedLifetime(first) {}
    }

    @Test("one is let in alone however large, the next is told when to come again")
    func refusal() async throws {
        let gate = LargeTraceGate(capacity: 1, patience: .zero)
        var first = try await gate.enter(size: .max / 4)
        #expect(first != nil)
        let error = await #expect(throws: APIError.self) { _ = try await gate.enter(size: Self.large) }
        #expect(error?.status == 503 && error?.retryAfter == 1)
        #expect(gate.refusedCount == 1)
        #expect(gate.families().map { $0.name } == ["needletail_query_large_trace_bytes", "needletail_query_large_trace_refusals"])
        first = nil
        #expect(try await gate.enter(size: Self.large) != nil)
    }

    @Test("who waits gets the place that another gives back")
    func waiting() async throws {
        let gate = LargeTraceGate(capacity: 1, patience: .seconds(100))
        var first = try await gate.enter(size: Self.large)
        try await withThrowingTaskGroup(of: Bool.self) { group in
            for _ in 0..<5 { group.addTask { try await gate.enter(size: Self.large) != nil } }
            try await Task.sleep(for: .milliseconds(50))
            first = nil
            for try await isIn in group { #expect(isIn) }
        }
        #expect(first == nil && gate.refusedCount == 0)
    }

    @Test("what was taken too much is there for others")
    func shrinking() async throws {
        let gate = LargeTraceGate(capacity: 3 * Self.large, patience: .zero)
        let entered = try await gate.enter(size: 3 * Self.large)
        let first = try #require(entered)
        await #expect(throws: APIError.self) { _ = try await gate.enter(size: Self.large) }
        first.shrink(to: 2 * Self.large)
        let second = try await gate.enter(size: Self.large)
        #expect(second != nil)
        withExtendedLifetime((first, second)) {}
    }

    @Test("who is cancelled leaves the queue")
    func cancellation() async throws {
        let gate = LargeTraceGate(capacity: 1, patience: .seconds(100))
        var first = try await gate.enter(size: Self.large)
        let waiting = Task { try await gate.enter(size: Self.large) }
        waiting.cancel()
        await #expect(throws: CancellationError.self) { _ = try await waiting.value }
        #expect(first != nil)
        first = nil
        #expect(try await gate.enter(size: Self.large) != nil)
    }
}
