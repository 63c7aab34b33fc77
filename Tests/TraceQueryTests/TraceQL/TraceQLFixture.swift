import Testing
import TraceModel
import TraceStore

@testable import TraceQuery

/// Twelve traces of 44 spans. The id of a span is the number of its trace times 100 and a running number.
///
/// Trace 1 is a normal inference, 2 a cascade of errors, 3 a language model, 4 has siblings, 5 has lost its root, 6 is a chain, 7 shares
/// an id between client and server as Zipkin does, 8 has a cycle, 9 two roots, 10 a resource without a name, 11 has every type of
/// attribute, and 12 is a single span of no duration.
enum TraceQLFixture {
    /// Nanoseconds since the Unix epoch; trace `n` starts `10 * n + 1` seconds later.
    static let base: UInt64 = 1_700_000_000_000_000_000
    static let second: UInt64 = 1_000_000_000
    static let window = base...base + 200 * second

    static func traceID(_ number: UInt64) -> TraceID { TraceID(high: 0xabc, low: number) }

    static let all = "101-106 201-205 301-305 401-404 501-503 601-606 701 701 702 801-803 901-903 1001-1003 1101 1102 1201"

    static func store() async throws -> InMemoryTraceStore {
        let store = InMemoryTraceStore()
        try await store.append(rows.map { $0.batch })
        return store
    }

    /// `101-103 105` as a sorted list.
    static func ids(_ text: String) -> [UInt64] {
        text.split(separator: " ").flatMap { part -> [UInt64] in
            let bounds = part.split(separator: "-").compactMap { UInt64($0) }
            return bounds.count == 2 ? Array(bounds[0]...bounds[1]) : bounds
        }.sorted()
    }

    struct Row {
        var id: UInt64
        var parent: UInt64?
        var service: String
        var name: String
        var kind: SpanKind
        /// Milliseconds from the start of the trace.
        var start: UInt64
        /// Milliseconds.
        var duration: UInt64
        var status: SpanStatus
        var attributes: [Attribute] = []
        var events: [(name: String, after: UInt64, attributes: [Attribute])] = []
        var links: [SpanLink] = []

        init(
            _ id: UInt64, _ parent: UInt64?, _ service: String, _ name: String, _ kind: SpanKind, _ start: UInt64, _ duration: UInt64,
            _ status: SpanStatus = SpanStatus(), _ attributes: [Attribute] = [], events: [(String, UInt64, [Attribute])] = [], links: [SpanLink] = []
        ) {
            self.id = id
            self.parent = parent
            self.service = service
            self.name = name
            self.kind = kind
            self.start = start
            self.duration = duration
            self.status = status
            self.attributes = attributes
            self.events = events.map { (name: $0.0, after: $0.1, attributes: $0.2) }
            self.links = links
        }

        var batch: SpanBatch {
            let begin = base + (id / 100 * 10 + 1) * second + start * 1_000_000
            let span = Span(
                traceID: traceID(id / 100), spanID: SpanID(id), parentSpanID: parent.map { SpanID($0) }, name: name, kind: kind, startTime: begin,
                endTime: begin + duration * 1_000_000, attributes: attributes,
                events: events.map { SpanEvent(time: begin + $0.after * 1_000_000, name: $0.name, attributes: $0.attributes) }, links: links, status: status
            )
            let scope = scopes[service] ?? InstrumentationScope()
            return SpanBatch(resource: Resource(attributes: resources[service] ?? []), scope: scope, spans: [span])
        }
    }

    static let resources: [String: [Attribute]] = [
        "gateway": [Attribute("service.name", "gateway"), Attribute("region", "eu"), Attribute("zone", 1)],
        "triton": [Attribute("service.name", "triton"), Attribute("region", "us"), Attribute("gpu", true), Attribute("replicas", 4)],
        "vllm": [Attribute("service.name", "vllm"), Attribute("region", "us"), Attribute("replicas", 2.5)],
        "bentoml": [Attribute("service.name", "bentoml"), Attribute("region", "eu")],
        "db": [Attribute("service.name", "db"), Attribute("region", "eu"), Attribute("tier", "backend")],
        "": [Attribute("region", "asia")],
    ]

    static let scopes: [String: InstrumentationScope] = [
        "gateway": InstrumentationScope(name: "http", version: "1.0"), "triton": InstrumentationScope(name: "triton", version: "2.0"),
        "vllm": InstrumentationScope(name: "vllm.tracing"), "bentoml": InstrumentationScope(name: "bentoml", version: "1.4"),
        "db": InstrumentationScope(name: "sql", version: "0.9", attributes: [Attribute("lang", "c")]),
    ]

    private static let ok = SpanStatus(code: .ok)

    static let rows: [Row] = [
        Row(101, nil, "gateway", "POST /infer", .server, 0, 100, ok, [Attribute("http.method", "POST"), Attribute("http.status_code", 200), Attribute("user", "ann")]),
        Row(102, 101, "gateway", "call triton", .client, 10, 80, SpanStatus(), [Attribute("peer", "triton")]),
        Row(103, 102, "triton", "infer", .server, 15, 70, ok, [Attribute("model", "resnet"), Attribute("batch", 4), Attribute("tags", .array(["gpu", "fast"]))]),
        Row(104, 103, "triton", "queue", .internal, 16, 10, SpanStatus(), [Attribute("batch", 4)]),
        Row(105, 103, "triton", "compute", .internal, 30, 50, SpanStatus(), [Attribute("batch", 4), Attribute("load", 0.75)]),
        Row(106, 101, "db", "SELECT", .client, 92, 5, SpanStatus(), [Attribute("db.name", "users"), Attribute("rows", 3)]),

        Row(201, nil, "gateway", "POST /infer", .server, 0, 500, .error("upstream failed"), [Attribute("http.method", "POST"), Attribute("http.status_code", 500)]),
        Row(202, 201, "gateway", "call triton", .client, 10, 480, .error(""), [Attribute("peer", "triton")]),
        Row(
            203, 202, "triton", "infer", .server, 20, 450, .error("timeout"), [Attribute("model", "bert"), Attribute("batch", 8)],
            events: [("exception", 400, [Attribute("exception.message", "deadline exceeded")])]
        ),
        Row(204, 203, "triton", "queue", .internal, 21, 400, SpanStatus(), [Attribute("batch", 8)]),
        Row(205, 203, "triton", "compute", .internal, 425, 40, .error("oom"), events: [("exception", 5, [Attribute("exception.message", "out of memory")])]),

        Row(301, nil, "gateway", "POST /v1/chat", .server, 0, 2000, ok, [Attribute("http.method", "POST"), Attribute("http.status_code", 200)]),
        Row(
            302, 301, "vllm", "llm_request", .server, 5, 1990, SpanStatus(),
            [Attribute("gen_ai.request.model", "llama"), Attribute("ttft", 0.25), Attribute("tokens", 128)],
            links: [SpanLink(traceID: traceID(1), spanID: SpanID(103), attributes: [Attribute("reason", "cache")])]
        ),
        Row(303, 302, "vllm", "prefill", .internal, 6, 250),
        Row(304, 302, "vllm", "decode", .internal, 256, 1700, SpanStatus(), [Attribute("tokens", 120)]),
        Row(305, 301, "db", "SELECT", .client, 1, 2, SpanStatus(), [Attribute("db.name", "users"), Attribute("rows", 0)]),

        Row(401, nil, "bentoml", "/predict", .server, 0, 50, ok, [Attribute("http.status_code", "200")]),
        Row(402, 401, "bentoml", "pre", .internal, 1, 5),
        Row(403, 401, "bentoml", "model", .internal, 7, 30, SpanStatus(), [Attribute("model", "resnet"), Attribute("batch", 1)]),
        Row(404, 401, "bentoml", "post", .internal, 38, 10, events: [("log", 1, [Attribute("level", "info")]), ("log", 3, [Attribute("level", "warn")])]),

        Row(501, 599, "triton", "infer", .server, 0, 20, ok, [Attribute("model", "resnet"), Attribute("batch", 2)]),
        Row(502, 501, "triton", "compute", .internal, 1, 15, SpanStatus(), [Attribute("batch", 2)]),
        Row(503, 599, "triton", "queue", .internal, 0, 1),

        Row(601, nil, "gateway", "hop", .server, 0, 60, SpanStatus(), [Attribute("n", 1)]),
        Row(602, 601, "gateway", "hop", .internal, 1, 50, SpanStatus(), [Attribute("n", 2)]),
        Row(603, 602, "gateway", "hop", .internal, 2, 40, SpanStatus(), [Attribute("n", 3)]),
        Row(604, 603, "gateway", "hop", .internal, 3, 30, SpanStatus(), [Attribute("n", 4)]),
        Row(605, 604, "gateway", "hop", .internal, 4, 20, SpanStatus(), [Attribute("n", 5)]),
        Row(606, 605, "gateway", "hop", .internal, 5, 10, .error(""), [Attribute("n", 6)]),

        Row(701, nil, "gateway", "proxy", .client, 0, 30),
        Row(701, nil, "triton", "proxy", .server, 2, 25),
        Row(702, 701, "db", "SELECT", .client, 5, 5, SpanStatus(), [Attribute("rows", 1)]),

        Row(801, 802, "gateway", "loop", .internal, 0, 5),
        Row(802, 801, "gateway", "loop", .internal, 1, 4),
        Row(803, nil, "gateway", "solo", .server, 2, 3, ok),

        Row(901, nil, "gateway", "a", .internal, 0, 10),
        Row(902, nil, "gateway", "b", .internal, 1, 10),
        Row(903, 902, "db", "SELECT", .client, 2, 3, SpanStatus(), [Attribute("rows", 7)]),

        Row(1001, nil, "", "anon", .unspecified, 0, 8),
        Row(1002, 1001, "bentoml", "publish", .producer, 1, 4, SpanStatus(), [Attribute("queue.name", "jobs")]),
        Row(1003, 1002, "bentoml", "consume", .consumer, 2, 2),

        Row(
            1101, nil, "gateway", "types", .server, 0, 12, SpanStatus(),
            [
                Attribute("s", "x y"), Attribute("b", true), Attribute("i", -5), Attribute("d", 2.5), Attribute("empty", ""),
                Attribute("strs", .array(["a", "b"])), Attribute("ints", .array([1, 2, 3])), Attribute("gen ai model", "llama"),
                Attribute("region", "override"),
            ]
        ),
        Row(1102, 1101, "gateway", "types", .internal, 1, 6, SpanStatus(), [Attribute("b", false), Attribute("i", 0), Attribute("d", -1.5), Attribute("s", "abc")]),

        Row(1201, nil, "db", "BEGIN", .client, 0, 0, ok, [Attribute("rows", 0)]),
    ]
}

/// A query, and the spans that it must find, worked out by hand.
struct TraceQLCase: Sendable, CustomTestStringConvertible {
    var query: String
    var ids: String

    init(_ query: String, _ ids: String) {
        self.query = query
        self.ids = ids
    }

    var testDescription: String { query }

    func check() async throws {
        let result = try await TraceQLQuery(query).search(
            TraceQLFixture.store(), TraceQLSearchOptions(startTime: TraceQLFixture.window, limit: 100, spansPerSpanSet: 1000)
        )
        let found = result.traces.flatMap { $0.spanSets.flatMap { $0.spans.map(\.spanID.value) } }.sorted()
        #expect(found == TraceQLFixture.ids(ids), "\(query)")
        #expect(result.traces.map(\.startTime) == result.traces.map(\.startTime).sorted(by: >))
        for set in result.traces.flatMap(\.spanSets) { #expect(set.matched == set.spans.count) }
    }
}
