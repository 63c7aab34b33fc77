import HTTPTypes
import Hummingbird
import HummingbirdTesting
import JSONCoding
import NIOCore
import Testing
import TraceModel
import TraceStore

@testable import TraceStudio

@Suite("The page's API", .timeLimit(.minutes(20)))
struct UserInterfaceAPITests {
    private func integers(_ value: JSONValue?) -> [Int64] {
        (value?.arrayValue ?? []).compactMap(\.intValue)
    }

    @Test("search results, with and without a service")
    func search() async throws {
        try await Studio.run(shop) { (studio) async throws in
            let all = try await studio.json("/api/ui/traces?lookback=2h&limit=20")
            #expect(all["limited"]?.boolValue == false)
            #expect(all["traces"]?.arrayValue?.compactMap { $0["durationNano"]?.intValue } == [2_000_000, 80_000_000])
            let failed = try #require(all["traces"]?[1])
            #expect(failed["traceID"]?.stringValue == "00000000000000000000000000000010")
            #expect(failed["rootService"]?.stringValue == "front")
            #expect(failed["rootName"]?.stringValue == "checkout")
            #expect(failed["startTimeUnixNano"]?.stringValue == "\(Studio.now - 3_600_000_000_000)")
            #expect(failed["spanCount"]?.intValue == 2)
            #expect(failed["errorCount"]?.intValue == 1)
            #expect(failed["errorMessage"]?.stringValue == "card refused")
            #expect(failed["services"]?[1]?["name"]?.stringValue == "pay/ment")
            #expect(failed["services"]?[1]?["spanCount"]?.intValue == 1)
            #expect(failed["orphanCount"]?.intValue == 0)
            #expect(all["traces"]?[0]?["errorMessage"] == nil)
            #expect(try await studio.json("/api/ui/traces?lookback=30m")["traces"]?.arrayValue?.count == 1)
            #expect(try await studio.json("/api/ui/traces?limit=1")["limited"]?.boolValue == true)
            #expect(try await studio.json("/api/ui/traces?tag=error:true")["traces"]?.arrayValue?.count == 1)
            let refused = try await studio.json("/api/ui/traces?minDuration=fast", status: .badRequest)
            #expect(refused["errors"]?[0]?["code"]?.intValue == 400)
        }
    }

    @Test("a trace as columns")
    func columns() async throws {
        try await Studio.run(shop) { (studio) async throws in
            let trace = try await studio.json("/api/ui/trace/10")
            #expect(trace["durationNano"]?.intValue == 80_000_000)
            #expect(trace["spanCount"]?.intValue == 2)
            #expect(trace["errorCount"]?.intValue == 1)
            #expect(trace["maximumDepth"]?.intValue == 1)
            #expect(trace["serviceCount"]?.intValue == 2)
            let strings = try #require(trace["strings"]?.arrayValue).compactMap(\.stringValue)
            let columns = try #require(trace["columns"])
            #expect(integers(columns["start"]) == [0, 10_000_000])
            #expect(integers(columns["duration"]) == [80_000_000, 40_000_000])
            #expect(integers(columns["parent"]) == [-1, 0])
            #expect(integers(columns["size"]) == [1, 0])
            #expect(integers(columns["depth"]) == [0, 1])
            #expect(integers(columns["service"]).map { strings[Int($0)] } == ["front", "pay/ment"])
            #expect(integers(columns["name"]).map { strings[Int($0)] } == ["checkout", "pay"])
            #expect(integers(columns["kind"]) == [2, 3])
            // Error below; error, events and an exception.
            #expect(integers(columns["flags"]) == [2, 1 + 4 + 32])
            #expect(columns["spanID"]?.stringValue == "00000000000000010000000000000002")
            #expect(trace["events"]?[0]?["row"]?.intValue == 1)
            #expect(trace["events"]?[0]?["time"]?.intValue == 20_000_000)
            #expect(trace["events"]?[0]?["exception"]?.boolValue == true)
            #expect(trace["strip"]?.arrayValue == [])
            #expect(trace["stages"]?.arrayValue == [])
            #expect(trace["warnings"]?.arrayValue == [])
        }
    }

    @Test("an inference request brings its stages, and an event outside the trace gets no tick")
    func stages() async throws {
        let start = Studio.now - 1_000_000_000
        let compute = span(
            trace: 7,
            3,
            parent: 2,
            "compute",
            secondsAgo: 0.998,
            milliseconds: 5,
            events: [SpanEvent(time: start + 2_000_000, name: "COMPUTE_START"), SpanEvent(time: start + 7_000_000, name: "COMPUTE_END")]
        )
        let model = span(
            trace: 7,
            2,
            parent: 1,
            "passthrough",
            secondsAgo: 1,
            milliseconds: 8,
            attributes: [Attribute("triton.model_name", "passthrough")],
            events: [SpanEvent(time: start + 500_000, name: "QUEUE_START")]
        )
        let front = span(
            trace: 7,
            1,
            "InferRequest",
            secondsAgo: 1,
            milliseconds: 10,
            events: [SpanEvent(time: 1200, name: "HTTP_SEND_START"), SpanEvent(time: 1300, name: "HTTP_SEND_END")]
        )
        try await Studio.run([batch("server", front, model, compute)]) { (studio) async throws in
            let trace = try await studio.json("/api/ui/trace/7")
            let strip = try #require(trace["strip"]?.arrayValue)
            #expect(strip.compactMap { $0["stage"]?.stringValue } == ["queue", "infer", "unaccounted"])
            #expect(strip.compactMap { $0["duration"]?.intValue } == [1_500_000, 5_000_000, 3_500_000])
            #expect(strip.compactMap { $0["waiting"]?.boolValue } == [true, false, true])
            let stages = try #require(trace["stages"]?.arrayValue)
            #expect(stages.compactMap { $0["row"]?.intValue } == [1, 2])
            #expect(stages.compactMap { $0["start"]?.intValue } == [500_000, 2_000_000])
            #expect(trace["events"]?.arrayValue?.count == 3)
            #expect(trace["warnings"]?.arrayValue?.count == 1)
            let facts = try await studio.json("/api/ui/trace/7/spans?rows=0")
            #expect(facts["spans"]?[0]?["events"]?[0]?["timeNano"]?.intValue == 1200 - Int64(start))
        }
    }

    @Test("everything about some rows")
    func facts() async throws {
        try await Studio.run(shop) { (studio) async throws in
            let body = try await studio.json("/api/ui/trace/10/spans?rows=0-99")
            #expect(body["spans"]?.arrayValue?.count == 2)
            let pay = try #require(try await studio.json("/api/ui/trace/10/spans?rows=1-1")["spans"]?[0])
            #expect(pay["row"]?.intValue == 1)
            #expect(pay["spanID"]?.stringValue == "0000000000000002")
            #expect(pay["parentSpanID"]?.stringValue == "0000000000000001")
            #expect(pay["kind"]?.stringValue == "client")
            #expect(pay["service"]?.stringValue == "pay/ment")
            #expect(pay["durationNano"]?.intValue == 40_000_000)
            #expect(pay["status"]?["code"]?.stringValue == "error")
            #expect(pay["attributes"]?[0]?["type"]?.stringValue == "int")
            #expect(pay["attributes"]?[0]?["value"]?.intValue == 500)
            #expect(pay["attributes"]?[1]?["value"]?.stringValue == "1152921504606846976")
            #expect(pay["attributes"]?[2]?["type"]?.stringValue == "array")
            #expect(pay["attributes"]?[2]?["value"]?[1]?.stringValue == "a")
            #expect(pay["events"]?[0]?["timeNano"]?.intValue == 20_000_000)
            #expect(pay["events"]?[0]?["attributes"]?[0]?["value"]?.stringValue == "card refused")
            #expect(pay["resource"]?.arrayValue?.count == 2)
            #expect(pay["scope"]?["name"]?.stringValue == "test")
            #expect(pay["dropped"]?["links"]?.intValue == 0)
            for rows in ["", "x", "3-1", "-1", "1-2-3"] {
                _ = try await studio.json("/api/ui/trace/10/spans?rows=\(rows)", status: .badRequest)
            }
            _ = try await studio.json("/api/ui/trace/10/spans?rows=2", status: .notFound)
        }
    }

    @Test("unknown traces and paths are JSON errors")
    func errors() async throws {
        try await Studio.run(shop) { (studio) async throws in
            let response = try await studio.get("/api/ui/trace/99")
            #expect(response.status == .notFound)
            #expect(response.headers[.contentType] == "application/json")
            #expect(try JSONValue.parse(Array(response.body.readableBytesView))["errors"]?[0]?["msg"]?.stringValue == "trace not found")
            _ = try await studio.json("/api/ui/elsewhere", status: .notFound)
            _ = try await studio.json("/api/ui/trace/nohex", status: .badRequest)
            #expect(try await studio.json("/api/ui/status")["store"]?["spanCount"]?.intValue == 3)
        }
    }

    @Test("a trace of 10,000 spans keeps all its rows")
    func large() async throws {
        let spans = (1...10_000).map { id in
            span(trace: 9, UInt64(id), parent: id == 1 ? nil : UInt64(id / 2), "step \(id % 50)", secondsAgo: 1, milliseconds: 5)
        }
        let store = InMemoryTraceStore()
        try await store.append([SpanBatch(resource: Resource(attributes: [Attribute("service.name", "s")]), scope: InstrumentationScope(), spans: spans)])
        try await Studio.run(store: store) { (studio) async throws in
            let trace = try await studio.json("/api/ui/trace/9")
            #expect(trace["columns"]?["start"]?.arrayValue?.count == 10_000)
            #expect(trace["columns"]?["spanID"]?.stringValue?.utf8.count == 160_000)
            #expect(integers(trace["columns"]?["size"]).first == 9_999)
            #expect(trace["strings"]?.arrayValue?.count == 51)
        }
    }
}
