import Synchronization
import Testing
import TraceModel
import TraceStore

@testable import TraceStudio

@Suite("What was just stored", .timeLimit(.minutes(20)))
struct LiveFeedTests {
    private func batch(_ trace: UInt64, secondsAgo: Double = 1) -> [SpanBatch] { [inference(trace, secondsAgo: secondsAgo)] }

    @Test("a follower gets traces once, in the order in which they settled")
    func follows() throws {
        let feed = LiveFeed()
        feed.stored(batch(1))
        let follower = try #require(feed.follow())
        #expect(feed.take(follower, limit: 10, settleTime: .zero).traces.isEmpty)
        feed.stored(batch(2))
        feed.stored(batch(3))
        feed.stored(batch(2))
        #expect(feed.take(follower, limit: 10, settleTime: .seconds(3600)).traces.isEmpty)
        #expect(feed.take(follower, limit: 10, settleTime: .zero).traces.map(\.low) == [3, 2])
        #expect(feed.take(follower, limit: 10, settleTime: .zero).traces.isEmpty)
    }

    @Test("what a slow follower misses is counted, and followers are bounded")
    func bounded() throws {
        let feed = LiveFeed()
        let follower = try #require(feed.follow())
        for trace in 1...UInt64(LiveFeed.maximumPending + 7) { feed.stored(batch(trace)) }
        let delivery = feed.take(follower, limit: 5, settleTime: .zero)
        #expect(delivery.traces.count == 5)
        #expect(delivery.skipped == LiveFeed.maximumPending - 5 + 7)
        for _ in 1..<LiveFeed.maximumFollowers { #expect(feed.follow() != nil) }
        #expect(feed.follow() == nil)
        feed.leave(follower)
        #expect(feed.follow() != nil)
    }

    @Test("a failed trace is not among those that are skipped")
    func failed() throws {
        let feed = LiveFeed()
        let follower = try #require(feed.follow())
        feed.stored([inference(1, secondsAgo: 1, status: .error("no"))])
        for trace in 2...50 as ClosedRange<UInt64> { feed.stored(batch(trace)) }
        let delivery = feed.take(follower, limit: 3, settleTime: .zero)
        #expect(delivery.traces.map(\.low) == [1, 49, 50])
        #expect(delivery.skipped == 47)
    }

    @Test("changes are known by the time of their spans")
    func changes() {
        let feed = LiveFeed()
        let before = feed.generation
        feed.stored(batch(1, secondsAgo: 100))
        #expect(feed.hasStored(before: Studio.now - 50_000_000_000, since: before))
        #expect(!feed.hasStored(before: Studio.now - 200_000_000_000, since: before))
        #expect(!feed.hasStored(before: .max, since: feed.generation))
        #expect(feed.spansPerSecond > 0)
    }

    @Test("late spans are counted, and arrivals by minute with the silent ones")
    func arrivals() throws {
        let time = Mutex(Studio.now)
        let feed = LiveFeed(clock: { time.withLock { $0 } })
        #expect(feed.arrivals == nil)
        feed.stored(batch(1))
        feed.stored(batch(2, secondsAgo: 600))
        time.withLock { $0 += 180_000_000_000 }
        let arrivals = try #require(feed.arrivals)
        #expect(arrivals.start == Studio.now)
        #expect(arrivals.spans == [6, 0, 0, 0])
        #expect(feed.lateSpans == 3)
        time.withLock { $0 += 86_400_000_000_000 }
        #expect(feed.arrivals?.spans == [Int](repeating: 0, count: LiveFeed.maximumMinutes))
    }
}
