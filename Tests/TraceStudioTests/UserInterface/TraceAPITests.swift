import HTTPTypes
import HummingbirdTesting
import JSONCoding
import NIOCore
import Testing
import TraceModel
import TraceWire

@testable import TraceStudio

@Suite("Questions about one trace and its executions", .timeLimit(.minutes(20)))
struct TraceAPITests {
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
            // Of its spans, too, the trace's own are left out.
            for row in 0..<3 {
                let rank = try await studio.json("/api/ui/trace/3/rank?row=\(row)")
                #expect(rank["others"]?.intValue == 59)
                #expect(rank["traces"]?.intValue == 59)
            }
            let map = try await studio.json("/api/ui/trace/3/map")
            #expect(map["nodes"]?.arrayValue?.count == 1)
            let exported = try await studio.get("/api/ui/trace/3/export")
            #expect(exported.headers[.contentDisposition]?.contains(".otlp.json") == true)
            #expect(try OTLPJSON.decode(Array(exported.body.readableBytesView)).batch.spanCount == 3)
        }
    }

    @Test("the queue of a trace is split where all executions are known, and says why where they are not")
    func queue() async throws {
        // One runs for 20 ms, the other comes 5 ms later and waits for it, and 3 ms more.
        let first = inference(1, secondsAgo: 10, queue: 0, infer: 18, batchID: 1)
        let second = inference(2, secondsAgo: 9.995, queue: 18, infer: 5, batchID: 2)
        try await Studio.run([first, second]) { (studio) async throws in
            for query in ["", "?skew=adjust", "?root=0000000000000002"] {
                let split = try await studio.json("/api/ui/trace/00000000000000000000000000000002/queue\(query)")
                #expect(split["noInstanceNano"]?.intValue == 15_000_000)
                #expect(split["batchWaitNano"]?.intValue == 3_000_000)
                #expect(split["unknown"]?.arrayValue?.isEmpty == true)
                let pieces = try #require(split["pieces"]?.arrayValue)
                #expect(pieces.compactMap { $0["stage"]?.stringValue } == ["instance", "batch"])
                #expect(pieces.compactMap { $0["duration"]?.intValue } == [15_000_000, 3_000_000])
                #expect(pieces[0]["row"]?.intValue == (query.contains("root") ? 0 : 1))
            }
        }
        try await Studio.run([first, inference(3, secondsAgo: 9.995, queue: 18, batchID: 3)]) { (studio) async throws in
            let split = try await studio.json("/api/ui/trace/00000000000000000000000000000003/queue")
            #expect(split["pieces"]?.arrayValue?.isEmpty == true)
            #expect(split["unknown"]?[0]?["reason"]?.stringValue == "missing")
            #expect(split["unknown"]?[0]?["row"]?.intValue == 1)
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
            #expect(lanes["lanes"]?[0]?["complete"]?.boolValue == true)
            #expect(lanes["groups"]?[0]?["waiting"]?.arrayValue?.count == 500)
            let area = try await studio.json("/api/ui/lane-area?lanes=0")
            #expect(area["executions"]?.intValue == 2)
            #expect(area["members"]?.intValue == 3)
            #expect(area["busyNano"]?.intValue == 27_000_000)
            #expect(try await studio.json("/api/ui/batches?size0=2&rows=5")["selected"]?.intValue == 1)
            #expect(try await studio.json("/api/ui/batches?wait0=10000000&rows=5")["batches"]?[0]?["seen"]?.intValue == 1)
            #expect(try await studio.json("/api/ui/batches?wait1=10000000")["count"]?.intValue == 2)
            let estimates = try #require(try await studio.json("/api/ui/batches?estimate=true&delay=7ms")["models"]?[0]?["estimates"]?.arrayValue)
            #expect(estimates.contains { $0["delayNano"]?.intValue == 7_000_000 })
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
}
