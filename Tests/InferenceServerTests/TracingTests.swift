import Inference
import JSONCoding
import NIOHTTP1
import NeedletailTracing
import ServiceContextModule
import Testing
import TraceModel

@Suite struct TracingTests {
    private static let traceID = "4bf92f3577b34da6a3ce929d0e0e4736"
    private static let parentID = "00f067aa0ba902b7"

    private func children(of span: Span, in spans: [Span]) -> [Span] {
        spans.filter { $0.parentSpanID == span.spanID }.sorted { $0.startTime < $1.startTime }
    }

    private func infer(_ server: TestServer, headers: [(String, String)] = []) async throws -> TestServer.Answer {
        try await server.post(
            "/v2/models/ident/infer?x=1",
            #"{"id":"req-42","inputs":[{"name":"X","shape":[1,2],"datatype":"FP32","data":[1,2]}]}"#,
            headers: headers
        )
    }

    @Test func inferHasTheReferencesTreeEventsAndAttributes() async throws {
        try await TestServer.run { server in
            _ = try await infer(server)
            let spans = try await server.spans(count: 3)
            #expect(spans.map(\.name) == ["compute", "ident", "InferRequest"])
            let (compute, model, root) = (spans[0], spans[1], spans[2])
            try expectNested(spans)
            #expect(root.parentSpanID == nil)
            #expect(model.parentSpanID == root.spanID)
            #expect(compute.parentSpanID == model.spanID)
            #expect(spans.map(\.kind) == [.internal, .internal, .server])
            #expect(root.events.map(\.name) == ["HTTP_RECV_START", "HTTP_RECV_END", "INFER_RESPONSE_COMPLETE", "HTTP_SEND_START", "HTTP_SEND_END"])
            #expect(model.events.map(\.name) == ["REQUEST_START", "QUEUE_START", "REQUEST_END"])
            #expect(compute.events.map(\.name) == ["COMPUTE_START", "COMPUTE_INPUT_END", "COMPUTE_OUTPUT_START", "COMPUTE_END"])
            #expect(model.attributes == [
                Attribute("triton.model_name", "ident"), Attribute("triton.model_version", 1), Attribute("triton.trace_id", 1),
                Attribute("triton.trace_parent_id", 0), Attribute("triton.request_id", "req-42"),
            ])
            #expect(root.attributes == [
                Attribute("http.request.method", "POST"), Attribute("url.path", "/v2/models/ident/infer"),
                Attribute("http.route", "/v2/models/{model}/infer"), Attribute("http.response.status_code", 200),
            ])
            #expect(compute.attributes == [
                Attribute("batch.size", 1), Attribute("batch.id", 1), Attribute("batch.requests", 1), Attribute("instance", "ident_0_0"),
            ])
            #expect(spans.allSatisfy { $0.status.code == .unset })
        }
    }

    @Test("defect 1: generate has true send times")
    func generateHasTrueSendTimes() async throws {
        try await TestServer.run { server in
            let before = WallClock.now()
            _ = try await server.post("/v2/models/ident/generate", #"{"X":[1,2]}"#)
            let spans = try await server.spans(count: 3)
            let after = WallClock.now()
            try expectNested(spans)
            let root = try #require(spans.last)
            let sends = root.events.filter { $0.name.hasPrefix("HTTP_SEND") }
            #expect(sends.map(\.name) == ["HTTP_SEND_START", "HTTP_SEND_END"])
            // A millisecond of leeway: the wall clock may be slewed while the test runs.
            #expect(sends.allSatisfy { before - 1_000_000 <= $0.time && $0.time <= after + 1_000_000 })
            #expect(root.attributes["http.route"] == "/v2/models/{model}/generate")
        }
    }

    @Test("defect 2: no event lies before its span")
    func receiveEventsLieWithinTheSpan() async throws {
        try await TestServer.run { server in
            _ = try await infer(server)
            let root = try #require(try await server.spans(count: 3).last)
            #expect(root.events.first?.name == "HTTP_RECV_START")
            #expect(root.events.first?.time == root.startTime)
            #expect(root.events.last?.time == root.endTime)
        }
    }

    @Test("defect 4: validation errors leave a complete span", arguments: [
        #"{"inputs":[]}"#, "{", #"{"inputs":[{"name":"X","shape":[1,3],"datatype":"FP32","data":[1,2,3]}]}"#,
    ])
    func validationErrorsLeaveACompleteSpan(body: String) async throws {
        try await TestServer.run { server in
            let answer = try await server.post("/v2/models/ident/infer", body)
            let spans = try await server.spans(count: 1)
            #expect(spans.map(\.name) == ["InferRequest"])
            try expectNested(spans)
            #expect(spans[0].events.map(\.name) == ["HTTP_RECV_START", "HTTP_RECV_END", "exception", "HTTP_SEND_START", "HTTP_SEND_END"])
            #expect(spans[0].status == .error(answer.error ?? ""))
        }
    }

    @Test("defects 5 and 10: a failure shows on every level", arguments: [
        ("-1", "per-request boom", "invalid_argument", "InferenceError"),
        ("-2", "Failed to process the request(s) for model 'ident', message: Boom: execute boom", "Boom", "Boom"),
    ])
    func failureShowsOnEveryLevel(value: String, message: String, errorType: String, exceptionType: String) async throws {
        try await TestServer.run { server in
            _ = try await server.post("/v2/models/ident/generate", #"{"X":[\#(value),0]}"#)
            let spans = try await server.spans(count: 3)
            #expect(spans.map(\.name) == ["compute", "ident", "InferRequest"])
            try expectNested(spans)
            for span in spans {
                #expect(span.status == .error(message), "\(span.name)")
                #expect(span.attributes["error.type"] == .string(errorType), "\(span.name)")
                let exceptions = span.events.filter { $0.name == "exception" }
                #expect(exceptions.count == 1, "\(span.name)")
                #expect(exceptions.first?.attributes == [
                    Attribute("exception.type", .string(exceptionType)), Attribute("exception.message", .string(message)),
                ])
            }
        }
    }

    @Test func unknownModelIsOneSpanWithAnError() async throws {
        try await TestServer.run { server in
            _ = try await server.post("/v2/models/nope/infer", "{}")
            let spans = try await server.spans(count: 1)
            #expect(spans.map(\.name) == ["InferRequest"])
            #expect(spans[0].status.code == .error)
            #expect(spans[0].attributes["http.response.status_code"] == 404)
        }
    }

    @Test("defect 9: what is not sampled leaves nothing behind", arguments: [
        TraceSettings(level: .off, rate: 1), TraceSettings(level: .timestamps, rate: 1000), TraceSettings(level: .timestamps, rate: 1, count: 0),
    ])
    func unsampledRequestsLeaveNothing(settings: TraceSettings) async throws {
        try await TestServer.run(settings: settings) { server in
            for _ in 0..<20 {
                let answer = try await server.post("/v2/models/passthrough/generate", #"{"sleep":0}"#)
                #expect(answer.status == 200)
            }
            #expect(server.spans.spans.isEmpty)
        }
    }

    @Test func rateAndCountHoldOverHTTP() async throws {
        try await TestServer.run(settings: TraceSettings(level: .timestamps, rate: 3, count: 4)) { server in
            for _ in 0..<30 { _ = try await server.post("/v2/models/ident/generate", #"{"X":[1,2]}"#) }
            #expect(try await server.spans(count: 12).count == 12)
        }
    }

    @Test func passthroughHasTheGuidesSpans() async throws {
        try await TestServer.run { server in
            _ = try await server.post("/v2/models/passthrough/generate", #"{"sleep":0.002}"#)
            let spans = try await server.spans(count: 6)
            try expectNested(spans)
            let compute = try #require(spans.first { $0.name == "compute" })
            let inner = children(of: compute, in: spans)
            #expect(inner.map(\.name) == ["pass-through-get-data", "pass-through-sleep", "pass-through-append"])
            #expect(inner[1].duration >= 2_000_000)
            #expect(inner[0].endTime <= inner[1].startTime && inner[1].endTime <= inner[2].startTime)
        }
    }

    @Test func passthroughErrorIsRedOnEveryLevel() async throws {
        try await TestServer.run { server in
            _ = try await server.post("/v2/models/passthrough/generate", #"{"sleep":0,"error":true}"#)
            let spans = try await server.spans(count: 4)
            #expect(Set(spans.map(\.name)) == ["pass-through-get-data", "compute", "passthrough", "InferRequest"])
            for span in spans {
                #expect(span.status == .error("Requested Error"), "\(span.name)")
                #expect(span.events.contains { $0.name == "exception" }, "\(span.name)")
            }
        }
    }

    // MARK: Propagation

    @Test func callersContextIsContinued() async throws {
        try await TestServer.run { server in
            _ = try await infer(server, headers: [("traceparent", "00-\(Self.traceID)-\(Self.parentID)-01"), ("tracestate", "a=1, b=2")])
            let spans = try await server.spans(count: 3)
            #expect(spans.allSatisfy { $0.traceID.description == Self.traceID })
            #expect(spans.allSatisfy { $0.traceState == "a=1,b=2" })
            #expect(spans[2].parentSpanID?.description == Self.parentID)
        }
    }

    @Test("malformed contexts start a new trace", arguments: [
        "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7", "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
        "00-00000000000000000000000000000000-00f067aa0ba902b7-01", "00-4bf92f3577b34da6a3ce929d0e0e473g-00f067aa0ba902b7-01", "x", "",
    ])
    func malformedContextsAreIgnored(traceparent: String) async throws {
        try await TestServer.run { server in
            _ = try await infer(server, headers: [("traceparent", traceparent), ("tracestate", "a=1")])
            let spans = try await server.spans(count: 3)
            #expect(spans[2].parentSpanID == nil)
            #expect(spans[2].traceID.description != Self.traceID)
            #expect(spans[2].traceState == "")
        }
    }

    /// 1000 requests, half of them with a sampled caller and a quarter each with one that is not and with a broken one: none is
    /// lost, none is mixed up, none too many. Rate 0: only a sampled caller makes a trace (defects 6, 9 and 12).
    @Test func noContextIsLostOverAThousandRequests() async throws {
        try await TestServer.run(settings: TraceSettings(level: .timestamps, rate: 0)) { server in
            try await withThrowingTaskGroup(of: Void.self) { group in
                for worker in 0..<8 {
                    group.addTask {
                        for index in 0..<125 {
                            let number = worker * 125 + index + 1
                            let trace = TraceID(high: 7, low: UInt64(number)), span = SpanID(UInt64(number))
                            let header =
                                switch number % 4 {
                                case 0, 1: "00-\(trace)-\(span)-01"
                                case 2: "00-\(trace)-\(span)-00"
                                default: "00-\(trace)-\(span)"
                                }
                            let answer = try await server.post(
                                "/v2/models/ident/generate", #"{"X":[1,\#(number)],"id":"r\#(number)"}"#,
                                headers: [("traceparent", header), ("tracestate", "n=\(number)")])
                            #expect(answer.text == #"{"Y":[1.0,\#(number).0],"id":"r\#(number)","model_name":"ident","model_version":"1"}"#)
                        }
                    }
                }
                try await group.waitForAll()
            }
            let spans = try await server.spans(count: 1500)
            #expect(spans.count == 1500)
            let byTrace = Dictionary(grouping: spans, by: \.traceID)
            #expect(byTrace.count == 500)
            for (trace, members) in byTrace {
                #expect(trace.high == 7 && trace.low % 4 < 2)
                #expect(Set(members.map(\.name)) == ["InferRequest", "ident", "compute"])
                #expect(members.allSatisfy { $0.traceState == "n=\(trace.low)" })
                let root = try #require(members.first { $0.name == "InferRequest" })
                #expect(root.parentSpanID == SpanID(trace.low))
                let model = try #require(members.first { $0.name == "ident" })
                #expect(model.attributes["triton.request_id"] == .string("r\(trace.low)"))
            }
        }
    }

    @Test func userCodeSeesTheCallersDecisionEvenWhenUnsampled() async throws {
        let definition = ModelDefinition(name: "ctx", inputs: [], outputs: [TensorSpecification(name: "O", dataType: .bytes, shape: [1])])
        let model = Model(definition) { requests in
            try requests.map { _ in
                ["O": try Tensor(strings: [ServiceContext.current?.traceContext.map { "\($0.traceID) \($0.isSampled)" } ?? "none"])]
            }
        }
        try await TestServer.run(models: [model]) { server in
            let answer = try await server.post(
                "/v2/models/ctx/generate", "{}", headers: [("traceparent", "00-\(Self.traceID)-\(Self.parentID)-00")])
            #expect(try answer.json["O"]?.stringValue == "\(Self.traceID) false")
            let sampled = try await server.post(
                "/v2/models/ctx/generate", "{}", headers: [("traceparent", "00-\(Self.traceID)-\(Self.parentID)-01")])
            #expect(try sampled.json["O"]?.stringValue == "\(Self.traceID) true")
        }
    }

    @Test func batchedRequestsKeepTheirOwnTreesAndShareABatch() async throws {
        let definition = ModelDefinition(
            name: "slow",
            inputs: [TensorSpecification("x", Int32.self, shape: [1])],
            outputs: [TensorSpecification("x", Int32.self, shape: [1])],
            maxBatchSize: 32
        )
        let model = Model(definition) { requests in
            try await Task.sleep(for: .milliseconds(20))
            return try requests.map { request in try request.withSpan("work") { _ in ["x": try request.inputs.require("x")] } }
        }
        try await TestServer.run(models: [model]) { server in
            try await withThrowingTaskGroup(of: Void.self) { group in
                for number in 0..<16 {
                    group.addTask {
                        let answer = try await server.post("/v2/models/slow/generate", #"{"x":\#(number)}"#)
                        #expect(try answer.json["x"]?.intValue == Int64(number))
                    }
                }
                try await group.waitForAll()
            }
            let spans = try await server.spans(count: 64)
            #expect(spans.count == 64)
            try expectNested(spans)
            let computes = spans.filter { $0.name == "compute" }
            let batches = Set(computes.compactMap { $0.attributes["batch.id"] })
            #expect(batches.count < 16)
            #expect(Set(computes.map(\.traceID)).count == 16)
            for compute in computes { #expect(children(of: compute, in: spans).map(\.name) == ["work"]) }
        }
    }
}
