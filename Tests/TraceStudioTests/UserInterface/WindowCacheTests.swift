import Synchronization
import Testing
import TraceModel
import TraceQuery
import TraceStore

@testable import TraceStudio

@Suite("Windows that are kept", .timeLimit(.minutes(20)))
struct WindowCacheTests {
    @Test("a window is read once while nothing changes, and again when a span of it comes")
    func cache() async throws {
        let store = InMemoryTraceStore()
        let feed = LiveFeed()
        let cache = WindowCache(store: store, live: feed)
        let window = 0...Studio.now
        try await store.append(load)
        #expect(try await cache.window(window, limit: 100).features.count == 60)
        // Not told to the feed: the window is still the old one.
        try await store.append([inference(777, secondsAgo: 5)])
        #expect(try await cache.window(window, limit: 100).features.count == 60)
        #expect(try await cache.window(window, limit: 99).features.count == 61)
        feed.stored([inference(778, secondsAgo: 5)])
        #expect(try await cache.window(window, limit: 100).features.count == 61)
    }

    @Test("a window that took long to read is shown for a while although spans come, and says how old it is")
    func slowWindow() async throws {
        let store = InMemoryTraceStore()
        let feed = LiveFeed()
        // Each look at the clock takes as long as a slow reading.
        let time = Mutex(ContinuousClock.now)
        let cache = WindowCache(store: store, live: feed) {
            time.withLock { time in
                time += .milliseconds(300)
                return time
            }
        }
        let window = 0...Studio.now
        try await store.append(load)
        #expect(try await cache.reading(window, limit: 100).age == .zero)
        #expect(try await cache.reading(window, limit: 100).age == .zero)
        let late = inference(777, secondsAgo: 5)
        try await store.append([late])
        feed.stored([late])
        let old = try await cache.reading(window, limit: 100)
        #expect(old.window.features.count == 60)
        #expect(old.age == .milliseconds(600))
        time.withLock { $0 += .milliseconds(300) * WindowCache.patienceFactor }
        let new = try await cache.reading(window, limit: 100)
        #expect(new.window.features.count == 61)
        #expect(new.age == .zero)
    }
}
