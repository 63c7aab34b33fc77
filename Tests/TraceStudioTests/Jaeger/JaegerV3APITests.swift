import HTTPTypes
import HummingbirdTesting
import JSONCoding
import NIOCore
import Testing
import TraceModel
import TraceWire

@testable import TraceStudio

@Suite("Jaeger's query API, version 3, over HTTP", .timeLimit(.minutes(20)))
struct JaegerV3APITests {
    /// The day before ``Studio/now``, to now.
    private let day = "query.start_time_min=2025-12-31T00:00:00Z&query.start_time_max=2026-01-01T00:00:00Z"

    private func spanNames(_ answer: JSONValue) -> [String] {
        (answer["result"]?["resourceSpans"]?.arrayValue ?? []).flatMap { group in
            (group["scopeSpans"]?.arrayValue ?? []).flatMap { ($0["spans"]?.arrayValue ?? []).compactMap { $0["name"]?.stringValue } }
        }.sorted()
    }

    @Test("services and operations without an envelope")
    func names() async throws {
        try await Studio.run(shop) { (studio) async throws in
            #expect(try await studio.text("/api/v3/services").body == #"{"services":["front","pay/ment"]}"#)
            #expect(try await studio.text("/api/v3/operations?service=front").body == #"{"operations":[{"name":"checkout","spanKind":"server"}]}"#)
            for parameter in ["span_kind", "spanKind"] {
                #expect(try await studio.text("/api/v3/operations?service=front&\(parameter)=client").body == #"{"operations":[]}"#)
            }
        }
    }

    @Test("a search in snake_case and in camelCase")
    func search() async throws {
        try await Studio.run(shop) { (studio) async throws in
            #expect(spanNames(try await studio.json("/api/v3/traces?\(day)&query.service_name=front")) == ["checkout", "checkout", "pay"])
            let camel = "query.startTimeMin=2025-12-31T00:00:00.000Z&query.startTimeMax=2026-01-01T02:00:00%2B02:00&query.serviceName=pay%2Fment"
            #expect(spanNames(try await studio.json("/api/v3/traces?\(camel)&query.durationMin=30ms")) == ["checkout", "pay"])
            #expect(spanNames(try await studio.json("/api/v3/traces?\(day)&query.searchDepth=1")) == ["checkout"])
            #expect(spanNames(try await studio.json("/api/v3/traces?\(day)&query.num_traces=1")) == ["checkout"])
            let attributes = "%7B%22http.status_code%22%3A%22500%22%7D"
            #expect(spanNames(try await studio.json("/api/v3/traces?\(day)&query.attributes=\(attributes)")) == ["checkout", "pay"])
            let none = try await studio.get("/api/v3/traces?\(day)&query.service_name=nobody")
            #expect(none.status == .notFound)
            #expect(String(buffer: none.body) == #"{"error":{"httpCode":404,"message":"No traces found"}}"#)
        }
    }

    @Test("one trace as OTLP, found by hexadecimal digits or base64")
    func trace() async throws {
        try await Studio.run(shop) { (studio) async throws in
            let answer = try await studio.json("/api/v3/traces/10")
            #expect(spanNames(answer) == ["checkout", "pay"])
            let bytes = try #require(answer["result"]).bytes
            let batch = try OTLPJSON.decode(bytes).batch
            #expect(Set(batch.resourceSpans) == Set(shop[..<2].flatMap(\.resourceSpans)))
            #expect(spanNames(try await studio.json("/api/v3/traces/AAAAAAAAAAAAAAAAAAAAEA==")) == ["checkout", "pay"])
            #expect(try await studio.get("/api/v3/traces/99").status == .notFound)
            #expect(try await studio.get("/api/v3/traces/nohex").status == .badRequest)
            #expect(try await studio.get("/api/v3/traces/10?start_time=yesterday").status == .badRequest)
        }
    }

    @Test("summaries")
    func summaries() async throws {
        try await Studio.run(shop) { (studio) async throws in
            let answer = try await studio.json("/api/v3/trace-summaries?\(day)&query.service_name=pay%2Fment")
            let summary = try #require(answer["summaries"]?[0])
            #expect(summary["traceId"]?.stringValue == "00000000000000000000000000000010")
            #expect(summary["rootServiceName"]?.stringValue == "front")
            #expect(summary["rootOperationName"]?.stringValue == "checkout")
            #expect(summary["minStartTimeUnixNano"]?.stringValue == "\(Studio.now - 3_600_000_000_000)")
            #expect(summary["maxEndTimeUnixNano"]?.stringValue == "\(Studio.now - 3_600_000_000_000 + 80_000_000)")
            #expect(summary["spanCount"]?.intValue == 2)
            #expect(summary["errorSpanCount"]?.intValue == 1)
            #expect(summary["orphanSpanCount"]?.intValue == 0)
            #expect(summary["services"]?[1]?["name"]?.stringValue == "pay/ment")
            #expect(summary["services"]?[1]?["errorSpanCount"]?.intValue == 1)
        }
    }

    @Test("dependencies")
    func dependencies() async throws {
        try await Studio.run(shop) { (studio) async throws in
            let answer = try await studio.text("/api/v3/dependencies?startTime=2025-12-31T00:00:00Z&endTime=2026-01-01T00:00:00Z")
            #expect(answer.body == #"{"dependencies":[{"parent":"front","child":"pay/ment","callCount":"1"}]}"#)
        }
    }

    @Test(
        "what is wrong with a search is told",
        arguments: [
            ("", "query.start_time_min and query.start_time_max are required"),
            ("query.start_time_min=2025-12-31T00:00:00Z", "query.start_time_min and query.start_time_max are required"),
            ("query.start_time_min=1&query.start_time_max=2", "malformed parameter query.start_time_min"),
            ("query.start_time_min=2026-01-01T00:00:00Z&query.start_time_max=2025-01-01T00:00:00Z", "should not be before"),
            ("DAY&query.duration_min=fast", "malformed parameter query.duration_min"),
            ("DAY&query.duration_min=2s&query.duration_max=1s", "should not be less"),
            ("DAY&query.search_depth=many", "malformed parameter query.search_depth"),
            ("DAY&query.attributes=%7B%22a%22%3A1%7D", "is not a string"),
            ("DAY&query.attributes=x", "expecting a JSON object"),
            ("DAY&query.filter=x", "query.filter is not supported"),
        ]
    )
    func errors(query: String, message: String) async throws {
        let parts = query.split(separator: "DAY", omittingEmptySubsequences: false)
        try await Studio.run(shop) { (studio) async throws in
            let answer = try await studio.json("/api/v3/traces?" + parts.joined(separator: day), status: .badRequest)
            #expect(answer["error"]?["httpCode"]?.intValue == 400)
            #expect(answer["error"]?["message"]?.stringValue?.contains(message) == true, "\(answer)")
        }
    }

    @Test("moments of RFC 3339")
    func times() {
        #expect(RFC3339.nanoseconds("2026-01-01T00:00:00Z") == Studio.now)
        #expect(RFC3339.nanoseconds("2026-01-01T01:30:00.000000001+01:30") == Studio.now + 1)
        #expect(RFC3339.nanoseconds("1970-01-01T00:00:00Z") == 0)
        #expect(RFC3339.nanoseconds("2000-02-29T12:00:00.5Z") == 951_825_600_500_000_000)
        for text in ["", "2026", "2026-13-01T00:00:00Z", "2026-01-01T00:00:00", "1969-12-31T23:59:59Z", "2026-01-01T00:00:00.Z", "9999-01-01T00:00:00Z"] {
            #expect(RFC3339.nanoseconds(text) == nil, "\(text)")
        }
    }
}
