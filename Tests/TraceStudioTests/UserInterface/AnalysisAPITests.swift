import HTTPTypes
import HummingbirdTesting
import JSONCoding
import Logging
import NIOCore
import Testing
import TraceModel
import TraceQuery
import TraceStore
import TraceWire

@testable import TraceStudio

/// A request to a model in a trace of its own, as Triton sends it.
private func inference(
    _ trace: UInt64, secondsAgo: Double, queue: Double = 1, infer: Double = 5, host: String = "a", model: String = "m", requests: Int64 = 1, batchID: Int64? = nil,
    status: SpanStatus = SpanStatus()
) -> SpanBatch {
    let start = Studio.now - UInt64((secondsAgo * 1e9).rounded())
    func at(_ milliseconds: Double) -> UInt64 { start + UInt64((milliseconds * 1e6).rounded()) }
    let end = queue + infer + 2
    var compute = [Attribute("batch.requests", .int(requests))]
    if let batchID { compute.append(Attribute("batch.id", .int(batchID))) }
    let id = TraceID(high: 0, low: trace)
    let spans = [
        Span(traceID: id, spanID: SpanID(1), name: "InferRequest", kind: .server, startTime: at(0), endTime: at(end + 1)),
        Span(
            traceID: id, spanID: SpanID(2), parentSpanID: SpanID(1), name: model, startTime: at(0), endTime: at(end),
            attributes: [Attribute("triton.model_name", .string(model)), Attribute("triton.model_version", 1), Attribute("triton.trace_id", .int(Int64(trace)))],
            events: [SpanEvent(time: at(0), name: "QUEUE_START")], status: status
        ),
        Span(
            traceID: id, spanID: SpanID(3), parentSpanID: SpanID(2), name: "compute", startTime: at(queue), endTime: at(end), attributes: compute,
            events: [
                SpanEvent(time: at(queue), name: "COMPUTE_START"), SpanEvent(time: at(queue + 1), name: "COMPUTE_INPUT_END"),
                SpanEvent(time: at(queue + 1 + infer), name: "COMPUTE_OUTPUT_START"), SpanEvent(time: at(end), name: "COMPUTE_END"),
            ]
        ),
    ]
    let resource = Resource(attributes: [Attribute("service.name", "triton"), Attribute("host.name", .string(host))])
    return SpanBatch(resource: resource, scope: InstrumentationScope(name: "triton-server"), spans: spans)
}

/// Sixty requests, of which each third one is on the slow host.
private let load: [SpanBatch] = (1...60 as ClosedRange<UInt64>).map { number in
    inference(number, secondsAgo: 600 - Double(number) * 5, infer: number % 3 == 0 ? 50 : 5 + Double(number) / 1000, host: number % 3 == 0 ? "slow" : "fast\(number % 2)")
}

@Suite("The page's analysis", .timeLimit(.minutes(20)))
struct AnalysisAPITests {
    @Test("search: rows with stages, sorted, paged, and the term that excludes everything")
    func search() async throws {
        try await Studio.run(load) { (studio) async throws in
            let first = try await studio.json("/api/ui/search?q=model:m&sort=duration&rows=15")
            #expect(first["matched"]?.intValue == 60)
            #expect(first["read"]?["complete"]?.boolValue == true)
            let rows = try #require(first["rows"]?.arrayValue)
            #expect(rows.count == 15)
            #expect(rows.allSatisfy { $0["host"]?.stringValue == "slow" })
            #expect(rows[0]["stages"]?["queue"]?.intValue == 1_000_000)
            #expect(rows[0]["stages"]?["infer"]?.intValue == 50_000_000)
            #expect(rows[0]["durationNano"]?.intValue == 54_000_000)
            let cursor = try #require(first["cursor"]?.stringValue)
            let next = try await studio.json("/api/ui/search?q=model:m&sort=duration&rows=200&cursor=\(cursor)")
            let ids = Set((rows + (next["rows"]?.arrayValue ?? [])).compactMap { $0["traceID"]?.stringValue })
            #expect(ids.count == 60)
            #expect(next["cursor"] == nil)
            let none = try await studio.json("/api/ui/search?q=model:m+queue%3E20ms")
            #expect(none["matched"]?.intValue == 0)
            #expect(none["terms"]?.arrayValue?.compactMap { $0["matches"]?.intValue } == [60, 0])
        }
    }

    @Test("bad parameters are refused with the place", arguments: [
        ("search?q=duration%3Efast", "duration"), ("search?sort=beauty", "sort"), ("search?rows=0", "rows"), ("search?from=x", "from"), ("search?cursor=zz", "trace id"),
        ("tail", "selection"), ("tail?sel=p100%2B", "p99"), ("tail?d0=9&d1=3", "empty"), ("heatmap?columns=0", "columns"), ("values", "key"), ("lanes?px=0", "px"),
        ("batch/1-x", "batch key"), ("trace/1/attr?span=1", "key"), ("search?limit=0", "limit"), ("search?lookback=long", "lookback"),
    ])
    func refused(path: String, word: String) async throws {
        try await Studio.run(load) { (studio) async throws in
            let answer = try await studio.json("/api/ui/\(path)", status: .badRequest)
            #expect(answer["errors"]?[0]?["msg"]?.stringValue?.contains(word) == true)
        }
    }

    @Test("a filter that cannot be read is pointed at")
    func place() async throws {
        try await Studio.run([]) { (studio) async throws in
            let error = try await studio.json("/api/ui/search?q=model:a+status:bad", status: .badRequest)["errors"]?[0]
            #expect(error?["column"]?.intValue == 9)
            #expect(error?["length"]?.intValue == 10)
        }
    }

    @Test("heatmap, models, errors, map")
    func pictures() async throws {
        let failed = inference(99, secondsAgo: 30, status: .error("model m_0 ran out of memory at 7"))
        try await Studio.run(load + [failed]) { (studio) async throws in
            let heatmap = try await studio.json("/api/ui/heatmap?columns=10&bins=5")
            let counts = (heatmap["cells"]?.arrayValue ?? []).compactMap { $0["n"]?.intValue }
            #expect(counts.reduce(0, +) == 61)
            #expect(heatmap["columns"]?.arrayValue?.count == 10)
            let models = try await studio.json("/api/ui/models")
            #expect(models["models"]?.arrayValue?.count == 1)
            #expect(models["models"]?[0]?["count"]?.intValue == 61)
            #expect(models["models"]?[0]?["stages"]?["infer"]?["n"]?.intValue == 61)
            let errors = try await studio.json("/api/ui/errors")
            let group = try #require(errors["groups"]?[0])
            #expect(group["template"]?.stringValue == "model m_<n> ran out of memory at <n>")
            #expect(group["examples"]?[0]?["traceID"]?.stringValue == "00000000000000000000000000000063")
            let id = try #require(group["group"]?.stringValue)
            #expect(try await studio.json("/api/ui/errors?group=\(id)")["groups"]?.arrayValue?.count == 1)
            let map = try await studio.json("/api/ui/map")
            #expect(map["nodes"]?[0]?["models"]?[0]?["name"]?.stringValue == "m")
            #expect(try await studio.json("/api/ui/map?q=host:slow")["traces"]?.intValue == 20)
        }
    }

    @Test("the planted cause of slow requests is found first", arguments: ["sel=duration%3E20ms", "sel=p70%2B", "d0=20ms"])
    func tail(selection: String) async throws {
        try await Studio.run(load) { (studio) async throws in
            let answer = try await studio.json("/api/ui/tail?\(selection)")
            #expect(answer["attributes"]?[0]?["key"]?.stringValue == "host")
            #expect(answer["attributes"]?[0]?["value"]?.stringValue == "slow")
            let stages = try #require(answer["stages"]?.arrayValue)
            let sum = stages.compactMap { $0["differenceNano"]?.doubleValue }.reduce(0, +)
            let gap = try #require(answer["gapNano"]?.doubleValue)
            #expect(abs(sum - gap) < 1)
            #expect(answer["sentences"]?.arrayValue?.count == 2)
        }
    }

    @Test("batches and lanes, and one batch by any of its members")
    func batches() async throws {
        // Two requests in execution 1, which hold the one instance; the third waits for it, alone.
        let members = [
            inference(1, secondsAgo: 10, queue: 4, infer: 20, requests: 2, batchID: 1), inference(2, secondsAgo: 9.997, queue: 1, infer: 20, requests: 2, batchID: 1),
            inference(3, secondsAgo: 9.99, queue: 20, infer: 3, requests: 1, batchID: 2),
        ]
        try await Studio.run(members) { (studio) async throws in
            let all = try await studio.json("/api/ui/batches?model=m")
            #expect(all["count"]?.intValue == 2)
            #expect(all["models"]?[0]?["exact"]?.boolValue == true)
            #expect(all["models"]?[0]?["meanFill"]?.doubleValue == 1.5)
            let lanes = try await studio.json("/api/ui/lanes?px=10000")
            #expect(lanes["lanes"]?.arrayValue?.count == 1)
            #expect(lanes["lanes"]?[0]?["executions"]?.intValue == 2)
            for trace in [1, 2] {
                let batch = try #require(try await studio.json("/api/ui/batch/\(trace)-0000000000000003")["batch"])
                #expect(batch["seen"]?.intValue == 2)
                #expect(batch["complete"]?.boolValue == true)
                #expect(batch["evidence"]?.stringValue == "attribute")
            }
            let waited = try #require(try await studio.json("/api/ui/trace/3/batch")["batches"]?[0]?["members"]?[0])
            // Execution 1 ends 26 ms after the first arrival; the third request came at 10 ms and ran at 30.
            #expect(waited["noInstanceNano"]?.intValue == 16_000_000)
            #expect(waited["batchWaitNano"]?.intValue == 4_000_000)
            _ = try await studio.json("/api/ui/batch/1-0000000000000002", status: .notFound)
        }
    }

    @Test("a trace brings its critical path, its version, and 304 to who has it")
    func trace() async throws {
        try await Studio.run(load) { (studio) async throws in
            let answer = try await studio.get("/api/ui/trace/3")
            let tag = try #require(answer.headers[.eTag])
            #expect(try await studio.get("/api/ui/trace/3", headers: [.ifNoneMatch: tag]).status == .notModified)
            #expect(try await studio.get("/api/ui/trace/3", headers: [.ifNoneMatch: "W/\"other\""]).status == .ok)
            let trace = try await studio.json("/api/ui/trace/3")
            #expect(trace["critical"]?["row"]?.arrayValue?.compactMap(\.intValue) == [1, 2, 0])
            #expect(trace["critical"]?["duration"]?.arrayValue?.compactMap(\.intValue) == [1_000_000, 52_000_000, 1_000_000])
            #expect(trace["weight"]?["source"]?.stringValue == "unknown")
            #expect(trace["missingSpans"]?.intValue == 0)
            #expect(trace["sources"]?.arrayValue?.compactMap(\.stringValue) == ["events"])
            let version = try #require(trace["version"]?.stringValue)
            let same = try await studio.json("/api/ui/trace/3?since=\(version)")
            #expect(same["changed"]?.boolValue == false)
            #expect(same["columns"] == nil)
            let changed = try await studio.json("/api/ui/trace/3?since=1-0000000000000001")
            #expect(changed["newSpans"]?.intValue == 2)
            #expect(changed["columns"] != nil)
            let attribute = try await studio.json("/api/ui/trace/3/attr?span=0000000000000002&key=triton.model_name")
            #expect(attribute["value"]?.stringValue == "m")
            _ = try await studio.json("/api/ui/trace/3/attr?row=0&key=nothing", status: .notFound)
            let rank = try await studio.json("/api/ui/trace/3/rank")
            #expect(rank["others"]?.intValue == 59)
            #expect(rank["rank"]?.doubleValue ?? 0 > 0.8)
            let map = try await studio.json("/api/ui/trace/3/map")
            #expect(map["nodes"]?.arrayValue?.count == 1)
            let exported = try await studio.get("/api/ui/trace/3/export")
            #expect(exported.headers[.contentDisposition]?.contains(".otlp.json") == true)
            #expect(try OTLPJSON.decode(Array(exported.body.readableBytesView)).batch.spanCount == 3)
        }
    }

    @Test("completion of keys and values")
    func completion() async throws {
        try await Studio.run(load) { (studio) async throws in
            let keys = try await studio.json("/api/ui/keys?prefix=tri")
            #expect(keys["keys"]?.arrayValue?.compactMap { $0["key"]?.stringValue }.sorted() == ["triton.model_name", "triton.model_version", "triton.trace_id"])
            let hosts = try await studio.json("/api/ui/values?key=host")
            #expect(hosts["values"]?.arrayValue?.compactMap { $0["n"]?.intValue } == [20, 20, 20])
            let models = try await studio.json("/api/ui/values?key=triton.model_name&prefix=M")
            #expect(models["values"]?[0]?["value"]?.stringValue == "m")
            #expect(models["values"]?[0]?["n"]?.intValue == 60)
        }
    }

    @Test("health tells weights, skew and missing numbers")
    func health() async throws {
        try await Studio.run(load.filter { $0.resourceSpans[0].scopeSpans[0].spans[0].traceID.low != 30 }) { (studio) async throws in
            let health = try await studio.json("/api/ui/health")
            #expect(health["sampling"]?.stringValue == "unknown")
            #expect(health["store"]?["spanCount"]?.intValue == 177)
            // `fast0`, `fast1` and `slow` each count by themselves here: each misses the numbers of the others.
            #expect(health["missingNumbers"]?.arrayValue?.count == 3)
            #expect(health["weights"]?[0]?["traces"]?.intValue == 59)
        }
    }
}

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
}
