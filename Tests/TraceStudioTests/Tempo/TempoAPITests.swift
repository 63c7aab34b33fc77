import HTTPTypes
import HummingbirdTesting
import JSONCoding
import NIOCore
import ProtobufCoding
import Testing
import TraceModel
import TraceWire

@testable import TraceStudio

@Suite("Tempo's API", .timeLimit(.minutes(20)))
struct TempoAPITests {
    private let start = Studio.now / 1_000_000_000 - 86_400
    private let end = Studio.now / 1_000_000_000

    private func query(_ text: String) -> String {
        text.utf8.map { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."):
                String(UnicodeScalar(byte))
            default: "%" + String(byte >> 4, radix: 16) + String(byte & 15, radix: 16)
            }
        }.joined()
    }

    private func ids(_ answer: JSONValue) -> [String] { (answer["traces"]?.arrayValue ?? []).compactMap { $0["traceID"]?.stringValue } }

    @Test("what Grafana asks before anything else")
    func operation() async throws {
        try await Studio.runTempo(shop) { (studio) async throws in
            #expect(try await studio.text("/api/echo") == (200, "echo"))
            #expect(try await studio.text("/ready") == (200, "ready"))
            #expect(try await studio.json("/api/status/buildinfo")["version"]?.stringValue?.isEmpty == false)
            for page in ["", "/version", "/services", "/endpoints", "/config", "/runtime_config", "/overrides"] {
                #expect(try await studio.text("/status\(page)").status == 200)
            }
            #expect(try await studio.text("/status/elsewhere").status == 404)
            #expect(try await studio.text("/metrics").body.contains("needletail_store_spans 3"))
            #expect(try await studio.text("/api/elsewhere").status == 404)
            #expect(try await studio.get("/api/search", method: .delete).status == .methodNotAllowed)
        }
    }

    @Test("version 1 of a trace: batches, base64 ids, names of enums; 404 for an unknown one")
    func version1() async throws {
        try await Studio.runTempo(shop) { (studio) async throws in
            let answer = try await studio.json("/api/traces/10")
            let pay = try #require(
                answer["batches"]?.arrayValue?.lazy.compactMap { $0["scopeSpans"]?[0]?["spans"]?[0] }.first { $0["name"]?.stringValue == "pay" }
            )
            #expect(pay["traceId"]?.stringValue == "AAAAAAAAAAAAAAAAAAAAEA==")
            #expect(pay["spanId"]?.stringValue == "AAAAAAAAAAI=")
            #expect(pay["parentSpanId"]?.stringValue == "AAAAAAAAAAE=")
            #expect(pay["kind"]?.stringValue == "SPAN_KIND_CLIENT")
            #expect(pay["status"]?["code"]?.stringValue == "STATUS_CODE_ERROR")
            #expect(try await studio.text("/api/traces/99") == (404, "trace not found"))
            #expect(
                try await studio.text("/api/traces/12xyz")
                    == (400, "trace IDs can only contain hex characters: invalid character 'x' at position 3")
            )
            #expect(try await studio.text("/api/traces/" + String(repeating: "a", count: 33)) == (400, "trace IDs can't be larger than 128 bits"))
            let protobuf = try await studio.get("/api/traces/10", headers: [.accept: "application/protobuf"])
            #expect(protobuf.headers[.contentType] == "application/protobuf")
            #expect(try OTLPProtobuf.decode(Array(protobuf.body.readableBytesView)).batch.spanCount == 2)
        }
    }

    @Test("version 2 of a trace: 200 and nothing for an unknown one")
    func version2() async throws {
        try await Studio.runTempo(shop) { (studio) async throws in
            let answer = try await studio.json("/api/v2/traces/00000000000000000000000000000010?start=1&end=2")
            #expect(answer["trace"]?["resourceSpans"]?.arrayValue?.count == 2)
            #expect(try await studio.text("/api/v2/traces/99") == (200, #"{"trace":{},"metrics":{}}"#))
            let protobuf = try await studio.get("/api/v2/traces/10", headers: [.accept: "application/protobuf"])
            // Field 1 is the trace.
            var trace: [UInt8] = []
            try ProtobufCursor<QueryMessageError>.parse(Array(protobuf.body.readableBytesView), "TraceByIDResponse") { (cursor, tag) throws(QueryMessageError) in
                if tag == 1 << 3 | 2 { trace = Array(try cursor.bytes()) } else { try cursor.skip(tag) }
            }
            #expect(try OTLPProtobuf.decode(trace).batch.spanCount == 2)
        }
    }

    @Test("version 2 of a trace can be filtered")
    func filteredTrace() async throws {
        try await Studio.runTempo(shop) { (studio) async throws in
            let filtered = try await studio.json("/api/v2/traces/10?q=\(query("{ status = error }"))")
            #expect(filtered["trace"]?["resourceSpans"]?.arrayValue?.count == 1)
            #expect(filtered["trace"]?["resourceSpans"]?[0]?["scopeSpans"]?[0]?["spans"]?[0]?["name"]?.stringValue == "pay")
            let kept = try await studio.json("/api/v2/traces/10?keep_hierarchy=true&q=\(query("{ status = error }"))")
            #expect(kept["trace"]?["resourceSpans"]?.arrayValue?.count == 2)
            #expect(try await studio.text("/api/v2/traces/10?q=\(query("{ status = error } | count() > 1"))").status == 400)
        }
    }

    @Test("a search by TraceQL")
    func search() async throws {
        try await Studio.runTempo(shop) { (studio) async throws in
            #expect(ids(try await studio.json("/api/search?q=\(query("{}"))")) == ["20", "10"])
            #expect(ids(try await studio.json("/api/search?q=\(query("{}"))&limit=1")) == ["20"])
            #expect(ids(try await studio.json("/api/search?q=\(query("{}"))&start=\(end - 600)&end=\(end)")) == ["20"])
            let answer = try await studio.json("/api/search?q=\(query("{ span.http.status_code = 500 }"))&start=\(start)&end=\(end)")
            let trace = try #require(answer["traces"]?[0])
            #expect(trace["traceID"]?.stringValue == "10")
            #expect(trace["rootServiceName"]?.stringValue == "front")
            #expect(trace["rootTraceName"]?.stringValue == "checkout")
            #expect(trace["startTimeUnixNano"]?.stringValue == "\(Studio.now - 3_600_000_000_000)")
            #expect(trace["durationMs"]?.intValue == 80)
            #expect(trace["spanSets"]?[0]?["matched"]?.intValue == 1)
            #expect(trace["spanSet"] == trace["spanSets"]?[0])
            let span = try #require(trace["spanSet"]?["spans"]?[0])
            #expect(span["spanID"]?.stringValue == "0000000000000002")
            #expect(span["durationNanos"]?.stringValue == "40000000")
            #expect(span["attributes"]?.arrayValue?.contains { $0["key"]?.stringValue == "http.status_code" && $0["value"]?["intValue"]?.stringValue == "500" } == true)
            #expect(trace["serviceStats"]?["pay/ment"]?["errorCount"]?.intValue == 1)
            #expect(trace["serviceStats"]?["front"]?["errorCount"] == nil)
            #expect(answer["metrics"]?["completedJobs"]?.intValue == 1)
        }
    }

    @Test("a search by tags: any part of a value, whatever its letters' case")
    func tags() async throws {
        try await Studio.runTempo(shop) { (studio) async throws in
            for (tags, found) in [
                ("service.name=FRO", ["20", "10"]), ("service.name=pay", ["10"]), ("http.status_code=500", ["10"]), ("http.status_code=501", []),
                ("name=check", ["20", "10"]), ("error=true", ["10"]), ("status.code=error service.name=\"pay/m\"", ["10"]), ("root.name=nothing", []),
            ] as [(String, [String])] {
                #expect(ids(try await studio.json("/api/search?tags=\(query(tags))")) == found, "\(tags)")
            }
            #expect(ids(try await studio.json("/api/search?minDuration=50ms")) == ["10"])
            #expect(ids(try await studio.json("/api/search?maxDuration=50ms")) == ["20"])
            #expect(ids(try await studio.json("/api/search")) == ["20", "10"])
        }
    }

    @Test(
        "the errors of a search, word for word",
        arguments: [
            ("q=%7B%7D&tags=a%3Db", "invalid request: can't specify tags and q in the same query"),
            ("start=20&end=10", "http parameter start must be before end. received start=20 end=10"),
            ("start=1&end=999999", "range specified by start and end exceeds 168h0m0s. received start=1 end=999999"),
            ("start=1", "please provide positive values for http parameters start and end. received start=1 end=0"),
            ("start=x&end=1", "invalid start: strconv.ParseInt: parsing \"x\": invalid syntax"),
            ("limit=x", "invalid limit: strconv.Atoi: parsing \"x\": invalid syntax"),
            ("limit=0", "invalid limit: must be a positive number"),
            ("limit=262145", "limit 262145 exceeds max limit 262144"),
            ("spss=0", "invalid spansPerSpanSet: must be a positive number"),
            ("minDuration=fast", "invalid minDuration: time: invalid duration \"fast\""),
            ("minDuration=2s&maxDuration=1s", "invalid maxDuration: must be greater than minDuration"),
            ("tags=%3Db", "invalid tags: unexpected '=' at pos 1"),
            ("tags=a%3D%22b", "invalid tags: unterminated quoted value at pos 5"),
        ]
    )
    func errors(parameters: String, message: String) async throws {
        try await Studio.runTempo(shop) { (studio) async throws in
            #expect(try await studio.text("/api/search?\(parameters)") == (400, message))
        }
    }

    @Test("a query that cannot be read points at the column")
    func queryErrors() async throws {
        try await Studio.runTempo(shop) { (studio) async throws in
            for path in ["/api/search", "/api/metrics/query_range", "/api/metrics/query"] {
                let answer = try await studio.text("\(path)?q=\(query("{ span.a ! }"))")
                #expect(answer.status == 400)
                #expect(answer.body.hasPrefix("invalid TraceQL query: parse error at line 1, col "), "\(answer.body)")
            }
            #expect(try await studio.text("/api/search?q=\(query("{} | rate()"))").status == 400)
            #expect(try await studio.text("/api/metrics/query_range?q=\(query("{}"))").status == 400)
            #expect(try await studio.text("/api/metrics/query_range").status == 400)
        }
    }

    @Test("names of tags")
    func tagNames() async throws {
        try await Studio.runTempo(shop) { (studio) async throws in
            let version1 = try await studio.json("/api/search/tags")
            let names = version1["tagNames"]?.arrayValue?.compactMap(\.stringValue) ?? []
            #expect(names.contains("service.name") && names.contains("http.status_code") && names.contains("exception.message"))
            let version2 = try await studio.json("/api/v2/search/tags?limit=5000")
            let scopes = version2["scopes"]?.arrayValue?.compactMap { $0["name"]?.stringValue }
            #expect(scopes == ["resource", "span", "event", "intrinsic"])
            #expect(version2["scopes"]?[0]?["tags"]?.arrayValue?.compactMap(\.stringValue) == ["host.name", "service.name"])
            let span = try await studio.text("/api/v2/search/tags?scope=span")
            #expect(span.body == #"{"scopes":[{"name":"span","tags":["big","http.status_code","list"]}],"metrics":{}}"#)
            #expect(try await studio.json("/api/search/tags?scope=intrinsic")["tagNames"]?.arrayValue?.count == TempoTagName.intrinsics.count)
            #expect(try await studio.text("/api/v2/search/tags?scope=elsewhere") == (400, "invalid scope: elsewhere"))
            let filtered = try await studio.json("/api/v2/search/tags?scope=span&q=\(query("{ resource.service.name = \"front\" }"))")
            #expect(filtered["scopes"]?.arrayValue?.count == 0)
        }
    }

    @Test("values of tags with their types")
    func tagValues() async throws {
        try await Studio.runTempo(shop) { (studio) async throws in
            func values(_ path: String) async throws -> [String] {
                (try await studio.json("/api/v2/search/tag/\(path)")["tagValues"]?.arrayValue ?? []).map {
                    "\($0["type"]?.stringValue ?? "") \($0["value"]?.stringValue ?? "")"
                }
            }
            #expect(try await studio.text("/api/search/tag/service.name/values").body == #"{"tagValues":["front","pay/ment"],"metrics":{}}"#)
            #expect(try await values("resource.service.name/values") == ["string front", "string pay/ment"])
            #expect(try await values("span.http.status_code/values") == ["int 500"])
            #expect(try await values(".list/values") == ["int 1", "string a"])
            #expect(try await values("status/values") == ["keyword error", "keyword ok", "keyword unset"])
            #expect(try await values("span:kind/values").contains("keyword server"))
            #expect(try await values("name/values") == ["string checkout", "string pay"])
            #expect(try await values("rootServiceName/values") == ["string front"])
            #expect(try await values("event:name/values") == ["string exception"])
            #expect(try await values("instrumentation:version/values") == ["string 1"])
            #expect(try await values("duration/values") == [])
            #expect(try await values("resource.service.name/values?limit=1").count == 1)
            let filter = query("{ span.http.status_code = 500 }")
            #expect(try await values("resource.service.name/values?q=\(filter)") == ["string pay/ment"])
            #expect(try await values("name/values?q=\(filter)") == ["string pay"])
            // Half a query: what can be read counts.
            #expect(try await values("resource.service.name/values?q=\(query("{ span.http.status_code = 500 && name = }"))") == ["string pay/ment"])
            #expect(try await values("resource.service.name/values?q=\(query("{ name = "))").count == 2)
            #expect(
                try await studio.text("/api/v2/search/tag/nothing/values")
                    == (400, "tag name is not valid intrinsic or scoped attribute: nothing")
            )
        }
    }

    @Test("series over time")
    func metrics() async throws {
        try await Studio.runTempo(shop) { (studio) async throws in
            let text = query("{} | count_over_time() by (resource.service.name)")
            for times in ["start=\(end - 7200)&end=\(end)", "start=\((end - 7200) * 1_000_000_000)&end=\(end * 1_000_000_000)", "start=2025-12-31T22:00:00Z&end=2026-01-01T00:00:00Z", "since=2h"] {
                let answer = try await studio.json("/api/metrics/query_range?q=\(text)&\(times)&step=60s")
                let counts = (answer["series"]?.arrayValue ?? []).map { series in
                    let label = series["labels"]?[0]?["value"]?["stringValue"]?.stringValue ?? ""
                    return "\(label) \((series["samples"]?.arrayValue ?? []).compactMap { $0["value"]?.doubleValue }.reduce(0, +))"
                }
                #expect(counts.sorted() == ["front 2.0", "pay/ment 1.0"], "\(times)")
                // Zeros are left out.
                #expect(answer["series"]?[0]?["samples"]?.arrayValue?.contains { $0["value"] == nil && $0["timestampMs"]?.stringValue != nil } == true)
            }
            let instant = try await studio.json("/api/metrics/query?q=\(query("{} | count_over_time()"))&since=2h")
            #expect(instant["series"]?[0]?["value"]?.doubleValue == 3)
            #expect(
                try await studio.text("/api/metrics/query_range?q=\(text)&since=25h")
                    == (400, "metrics query time range exceeds the maximum allowed duration of 24h0m0s")
            )
            #expect(try await studio.text("/api/metrics/query_range?q=\(text)&start=20&end=10").status == 400)
            #expect(try await studio.text("/api/metrics/query_range?q=\(text)&step=x").body == "invalid step: cannot parse \"x\" to a valid duration")
            #expect(try await studio.text("/api/metrics/query_range?q=\(text)&step=1ms&since=1h").status == 400)
            #expect(try await studio.text("/api/metrics/query_range?q=\(text)&start=soon").status == 400)
        }
    }
}
