import HTTPTypes
import HummingbirdTesting
import JSONCoding
import NIOCore
import Testing
import TraceModel
import TraceStore
import TraceWire

@testable import TraceStudio

@Suite("Questions about a window", .timeLimit(.minutes(20)))
struct WindowAPITests {
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
            #expect(none["terms"]?.arrayValue?.compactMap { $0["without"]?.intValue } == [0, 60])
            #expect(none["misspelt"] == nil)
            let misspelt = try await studio.json("/api/ui/search?q=modle:m")
            #expect(misspelt["misspelt"]?[0]?["suggestion"]?.stringValue == "model:m")
        }
    }

    @Test("a box leaves out what lies outside, in the table, the points, the file and the facets")
    func box() async throws {
        try await Studio.run(load) { (studio) async throws in
            let all = try await studio.json("/api/ui/search?rows=200")["rows"]?.arrayValue ?? []
            let inside = all.filter { ($0["durationNano"]?.intValue ?? 0) >= 50_000_000 }
            #expect(inside.count == 20)
            let box = "d0=50ms&d1=1h"
            #expect(try await studio.json("/api/ui/search?\(box)")["matched"]?.intValue == 20)
            let points = try await studio.json("/api/ui/points?\(box)&sort=duration&order=asc")
            #expect(points["points"]?.arrayValue?.count == 20)
            #expect(points["ids"]?.arrayValue?.count == 20)
            #expect(points["points"]?[0]?[1]?.intValue == 54_000_000)
            #expect(try await studio.json("/api/ui/values?key=host&\(box)")["values"]?.arrayValue?.compactMap { $0["value"]?.stringValue } == ["slow"])
            let file = try await studio.get("/api/ui/export?\(box)&rows=3")
            #expect(file.headers[.contentDisposition]?.contains("traces.otlp.json") == true)
            #expect(try OTLPJSON.decode(Array(file.body.readableBytesView)).batch.spanCount == 9)
            #expect(try await studio.json("/api/ui/search?q=model:none&\(box)")["withoutBox"]?.intValue == 0)
        }
    }

    @Test("bad parameters are refused with the place", arguments: [
        ("search?q=duration%3Efast", "duration"), ("search?sort=beauty", "sort"), ("search?rows=0", "rows"), ("search?from=x", "from"), ("search?cursor=zz", "trace id"),
        ("tail", "selection"), ("tail?sel=p100%2B", "p99"), ("tail?d0=9&d1=3", "empty"), ("heatmap?columns=0", "columns"), ("values", "key"), ("lanes?px=0", "px"), ("lanes?t0=20&t1=10", "t1"), ("lane-area?lanes=1-x", "lanes"), ("batches?size0=4&size1=2", "size1"), ("batches?delay=long", "delay"), ("compare?a=duration%3Efast", "'a'"), ("aggregate?band=p7", "band"), ("heatmap?least=x", "least"),
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

    @Test("errors: of how many requests, and only those that the filter lets through")
    func errorGroups() async throws {
        let failed = (90...92 as ClosedRange<UInt64>).map { inference($0, secondsAgo: 30, host: $0 == 92 ? "slow" : "fast0", status: .error("out of memory at \($0)")) }
        try await Studio.run(load + failed) { (studio) async throws in
            let group = try #require(try await studio.json("/api/ui/errors")["groups"]?[0])
            #expect(group["count"]?.intValue == 3)
            #expect(group["requests"]?.intValue == 63)
            let slow = try #require(try await studio.json("/api/ui/errors?q=host:slow")["groups"]?[0])
            #expect(slow["count"]?.intValue == 1)
            #expect(slow["requests"]?.intValue == 21)
            // A group is a term of the filter.
            let id = try #require(group["group"]?.stringValue)
            #expect(try await studio.json("/api/ui/search?q=error.group:\(id)")["matched"]?.intValue == 3)
            #expect(try await studio.json("/api/ui/search?q=-error.group:\(id)")["matched"]?.intValue == 60)
        }
    }

    @Test("a silence among steady requests is told as a gap")
    func gaps() async throws {
        try await Studio.run(load) { (studio) async throws in
            // From 595 to 300 seconds ago there is a request each five seconds, and nothing after it.
            let gaps = try #require(try await studio.json("/api/ui/heatmap?lookback=590s")["gaps"]?.arrayValue)
            #expect(gaps.count == 1)
            #expect(gaps[0]["kind"]?.stringValue == "silent")
            #expect(gaps[0]["to"]?.stringValue == "\(Studio.now)")
        }
    }

    @Test("before the first span that was ever stored there is no silence, unless older ones may be gone", arguments: [
        (1_000, ["before", "silent"]), (40, ["silent", "silent"]),
    ])
    func beforeFirst(most: Int, kinds: [String]) async throws {
        let store = InMemoryTraceStore(maximumTraceCount: most)
        try await store.append(load)
        try await Studio.run(store: store) { (studio) async throws in
            let gaps = try #require(try await studio.json("/api/ui/heatmap?from=\(Studio.now - 3_600_000_000_000)")["gaps"]?.arrayValue)
            #expect(gaps.compactMap { $0["kind"]?.stringValue } == kinds)
            #expect(gaps[0]["from"]?.stringValue == "\(Studio.now - 3_600_000_000_000)")
            #expect(gaps[0]["to"]?.stringValue == "\(Studio.now - (most < 60 ? 495 : 595) * 1_000_000_000)")
            // All of a window before it.
            let before = try await studio.json("/api/ui/search?to=\(Studio.now - 1_800_000_000_000)&lookback=10m")
            #expect(before["gaps"]?.arrayValue?.compactMap { $0["kind"]?.stringValue } == (most < 60 ? [] : ["before"]))
        }
    }

    @Test("operations: rate, errors and duration of a service over time")
    func operations() async throws {
        let failed = inference(99, secondsAgo: 30, status: .error("no"))
        try await Studio.run(load + [failed]) { (studio) async throws in
            let answer = try await studio.json("/api/ui/operations?steps=12&lookback=10m")
            #expect(answer["service"]?.stringValue == "triton")
            #expect(answer["requests"]?["calls"]?.intValue == 61)
            let names = answer["operations"]?.arrayValue?.compactMap { $0["operation"]?.stringValue }
            #expect(names == ["InferRequest", "m", "compute"])
            let model = try #require(answer["operations"]?[1])
            #expect(model["errors"]?.intValue == 1)
            #expect(model["failed"]?.stringValue == "00000000000000000000000000000063")
            #expect(model["series"]?.arrayValue?.compactMap { $0["calls"]?.intValue }.reduce(0, +) == 61)
            let slow = try await studio.json("/api/ui/operations?service=triton&lookback=10m&q=host:slow")
            #expect(slow["requests"]?["calls"]?.intValue == 20)
            let nobody = try await studio.json("/api/ui/operations?service=nobody&lookback=10m")
            #expect(nobody["operations"]?.arrayValue?.isEmpty == true)
        }
    }

    @Test("cold requests are left out when one says so, and counted", arguments: ["models", "heatmap", "tail?sel=p50%2B", "aggregate", "search", "compare?a=&b="])
    func cold(question: String) async throws {
        // The first request loads the model.
        let requests = (1...20 as ClosedRange<UInt64>).map { inference($0, secondsAgo: 600 - Double($0), infer: $0 == 1 ? 900 : 5) }
        try await Studio.run(requests) { (studio) async throws in
            let path = "/api/ui/\(question)\(question.contains("?") ? "&" : "?")"
            #expect(try await studio.json("\(path)cold=true")["coldLeftOut"] == nil)
            #expect(try await studio.json("\(path)cold=false")["coldLeftOut"]?.intValue == 1)
            guard question == "models" else { return }
            let rows = try await (studio.json("\(path)cold=true"), studio.json("\(path)cold=false"))
            #expect(rows.0["all"]?["duration"]?["n"]?.intValue == 20)
            #expect(rows.1["all"]?["duration"]?["n"]?.intValue == 19)
            #expect((rows.1["models"]?[0]?["duration"]?["p99"]?.doubleValue ?? 1e12) < (rows.0["models"]?[0]?["duration"]?["p99"]?.doubleValue ?? 0) / 10)
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
