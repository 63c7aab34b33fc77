import Testing
import TraceModel

@testable import TraceWire

@Suite struct TritonTraceFileTests {
    /// An HTTP request with an id, its tensors, and a call over gRPC whose times of sending Triton did not know.
    static let plain = #"""
        [{"id":1,"timestamps":[{"name":"HTTP_RECV_START","ns":1000}]},{"id":1,"timestamps":[{"name":"HTTP_RECV_END","ns":1100}]},
        {"id":1,"model_name":"ident","model_version":3,"request_id":"req-42"},
        {"id":1,"timestamps":[{"name":"REQUEST_START","ns":1200}]},{"id":1,"timestamps":[{"name":"QUEUE_START","ns":1300}]},
        {"id":1,"activity":"TENSOR_QUEUE_INPUT","tensor":{"name":"X","data":"1,2","shape":"1,2","dtype":"FP32"}},
        {"id":1,"activity":"TENSOR_BACKEND_OUTPUT","tensor":{"name":"Y","data":"\"a\",\"b\"","shape":"2","dtype":"BYTES"}},
        {"id":1,"timestamps":[{"name":"INFER_RESPONSE_COMPLETE","ns":1900}]},
        {"id":1,"timestamps":[{"name":"COMPUTE_START","ns":1400}]},{"id":1,"timestamps":[{"name":"COMPUTE_INPUT_END","ns":1500}]},
        {"id":1,"timestamps":[{"name":"COMPUTE_OUTPUT_START","ns":1700}]},{"id":1,"timestamps":[{"name":"COMPUTE_END","ns":1800}]},
        {"id":1,"timestamps":[{"name":"REQUEST_END","ns":1850}]},
        {"id":1,"timestamps":[{"name":"HTTP_SEND_START","ns":1950}]},{"id":1,"timestamps":[{"name":"HTTP_SEND_END","ns":2000}]},
        {"id":2,"model_name":"ident","model_version":3},
        {"id":2,"timestamps":[{"name":"REQUEST_START","ns":9200},{"name":"QUEUE_START","ns":9300},{"name":"REQUEST_END","ns":9400}]},
        {"id":2,"timestamps":[{"name":"GRPC_WAITREAD_START","ns":10},{"name":"GRPC_WAITREAD_END","ns":9100}]},
        {"id":2,"timestamps":[{"name":"GRPC_SEND_START","ns":0},{"name":"GRPC_SEND_END","ns":0}]}]
        """#

    private static func spans(_ text: String, lastModified: UInt64? = nil) throws -> [Span] {
        let decoded = try TritonTraceFile.decode(Array(text.utf8), lastModified: lastModified)
        return decoded.batch.resourceSpans.flatMap { $0.scopeSpans.flatMap(\.spans) }
    }

    @Test func aRequestHasTheSpansOfTritonsOtherMode() throws {
        let spans = try Self.spans(Self.plain).filter { $0.attributes["triton.trace_id"] != .int(2) && $0.startTime < 9000 }
        #expect(spans.map(\.name) == ["InferRequest", "ident", "compute"])
        let (request, model, compute) = (spans[0], spans[1], spans[2])
        #expect(request.parentSpanID == nil)
        #expect(model.parentSpanID == request.spanID)
        #expect(compute.parentSpanID == model.spanID)
        #expect(Set(spans.map(\.traceID)).count == 1)
        #expect((request.startTime, request.endTime) == (1000, 2000))
        #expect((model.startTime, model.endTime) == (1200, 1850))
        #expect((compute.startTime, compute.endTime) == (1400, 1800))
        #expect(request.events.map(\.name) == ["HTTP_RECV_START", "HTTP_RECV_END", "INFER_RESPONSE_COMPLETE", "HTTP_SEND_START", "HTTP_SEND_END"])
        #expect(request.events.map(\.time) == [1000, 1100, 1900, 1950, 2000])
        #expect(compute.events.map(\.name) == ["COMPUTE_START", "COMPUTE_INPUT_END", "COMPUTE_OUTPUT_START", "COMPUTE_END"])
        #expect(
            model.attributes == [
                Attribute("triton.model_name", "ident"), Attribute("triton.model_version", 3), Attribute("triton.trace_id", 1),
                Attribute("triton.trace_parent_id", 0), Attribute("triton.request_id", "req-42"),
            ])
        #expect(model.events.map(\.name) == ["REQUEST_START", "QUEUE_START", "REQUEST_END", "TENSOR_QUEUE_INPUT", "TENSOR_BACKEND_OUTPUT"])
        #expect(model.events[3].attributes["tensor.shape"] == .array([1, 2]))
        #expect(model.events[4].attributes["tensor.data"] == #""a","b""#)
        #expect(model.events[4].time == 1850)
    }

    @Test func aCallOverGRPCBeginsWhenItWasRead() throws {
        let request = try #require(try Self.spans(Self.plain).last { $0.name == "InferRequest" })
        #expect((request.startTime, request.endTime) == (9100, 9400))
        // Times that Triton does not know are no times.
        #expect(request.events.map(\.name) == ["GRPC_WAITREAD_START", "GRPC_WAITREAD_END"])
        #expect(request.attributes["triton.untimed_events"] == .array(["GRPC_SEND_START", "GRPC_SEND_END"]))
    }

    @Test func theClockIsTold() throws {
        let relative = try TritonTraceFile.decode(Array(Self.plain.utf8)).batch.resourceSpans[0]
        #expect(relative.resource.attributes["triton.trace_file.clock"] == "monotonic")
        let shifted = try TritonTraceFile.decode(Array(Self.plain.utf8), lastModified: 1_700_000_000_000_009_400).batch.resourceSpans[0]
        #expect(shifted.resource.attributes["triton.trace_file.clock"] == "estimated")
        #expect(shifted.resource.attributes["triton.trace_file.clock_offset_ns"] == .int(1_700_000_000_000_000_000))
        #expect(shifted.scopeSpans[0].spans[0].startTime == 1_700_000_000_000_001_000)
        #expect(shifted.scopeSpans[0].scope.name == "triton-server")
    }

    @Test func idsComeFromTheContent() throws {
        let first = try Self.spans(Self.plain)
        #expect(try Self.spans(Self.plain) == first)
        // Another file with the same request in it.
        let alone = try Self.spans("[" + (Self.plain.split(separator: "\n").dropFirst(10).joined(separator: "\n")))
        #expect(alone.map(\.spanID) == first.suffix(2).map(\.spanID))
        #expect(Set(first.map(\.spanID)).count == first.count)
    }

    @Test func modelsOfAnEnsembleStandBelowIt() throws {
        let text = #"""
            [{"id":7,"model_name":"second","model_version":1,"parent_id":5},{"id":7,"timestamps":[{"name":"REQUEST_START","ns":40}]},
            {"id":7,"timestamps":[{"name":"REQUEST_END","ns":50}]},
            {"id":6,"model_name":"first","model_version":1,"parent_id":5},{"id":6,"timestamps":[{"name":"REQUEST_START","ns":20}]},
            {"id":6,"timestamps":[{"name":"tokenize_START","ns":22}]},{"id":6,"timestamps":[{"name":"tokenize_END","ns":28}]},
            {"id":6,"timestamps":[{"name":"note","ns":29}]},{"id":6,"timestamps":[{"name":"REQUEST_END","ns":30}]},
            {"id":5,"model_name":"ens","model_version":1},{"id":5,"timestamps":[{"name":"REQUEST_START","ns":10}]},
            {"id":5,"timestamps":[{"name":"REQUEST_END","ns":60}]},
            {"id":9,"model_name":"orphan","model_version":1,"parent_id":8},{"id":9,"timestamps":[{"name":"REQUEST_START","ns":70}]}]
            """#
        let spans = try Self.spans(text)
        func span(_ name: String) throws -> Span { try #require(spans.first { $0.name == name }) }
        #expect(try span("first").parentSpanID == span("ens").spanID)
        #expect(try span("second").parentSpanID == span("ens").spanID)
        #expect(try span("ens").parentSpanID == spans.first { $0.name == "InferRequest" && $0.startTime == 10 }?.spanID)
        #expect(try span("tokenize").parentSpanID == span("first").spanID)
        #expect(try span("tokenize").endTime == 28)
        #expect(try span("first").events.map(\.name) == ["REQUEST_START", "REQUEST_END", "note"])
        // Whose caller is in another file is a request of its own.
        #expect(try span("orphan").traceID != span("ens").traceID)
        #expect(spans.filter { $0.name == "InferRequest" }.count == 2)
    }

    @Test func callersInACircleEndTheSearch() throws {
        let spans = try Self.spans(#"[{"id":1,"model_name":"a","parent_id":2},{"id":2,"model_name":"b","parent_id":1},{"id":3,"model_name":"c","parent_id":3}]"#)
        #expect(spans.filter { $0.name == "InferRequest" }.count == 3)
    }

    @Test func entriesThatTritonBreaksAreReadAllTheSame() throws {
        // As the original writes tensors of characters and of texts, and a request id with a quote.
        var bytes = Array(#"[{"id":1,"timestamps":[{"name":"REQUEST_START","ns":10}]},{"id":1,"model_name":"types","model_version":2,"request_id":"a"b","parent_id":0},"#.utf8)
        bytes += Array(#"{"id":1,"activity":"TENSOR_QUEUE_INPUT","tensor":{"name":"U8","data":"A,",x"#.utf8) + [0xff, 0x0a]
        bytes += Array(#"","shape":"3","dtype":"UINT8"}},{"id":1,"activity":"TENSOR_QUEUE_INPUT","tensor":{"name":"S","data":"\"a"b\",\"x"#.utf8) + [0x0a]
        bytes += Array(#"y\"","shape":"2","dtype":"BYTES"}},{"id":1,"timestamps":[{"name":"REQUEST_END","ns":20}]},{"id":1,"timestamps":[{"na"#.utf8)
        let decoded = try TritonTraceFile.decode(bytes)
        #expect(decoded.rejectedSpanCount == 1)
        #expect(decoded.rejectionMessage.contains("1 entry of the trace file could not be read: byte"))
        let spans = decoded.batch.resourceSpans[0].scopeSpans[0].spans
        let model = try #require(spans.first { $0.name == "types" })
        #expect(model.attributes["triton.request_id"] == #"a"b"#)
        #expect(model.attributes["triton.model_version"] == .int(2))
        #expect(model.events.filter { $0.name.hasPrefix("TENSOR") }.map { $0.attributes["tensor.data"] } == [.string("A,\",x\u{fffd}\n"), .string("\"a\"b\",\"x\ny\"")])
        #expect(model.endTime == 20)
    }

    @Test func whatIsNoTraceFileIsRefused() throws {
        #expect(try #require(throws: WireError.self) { try TritonTraceFile.decode(Array("[1,2".utf8)) }.message.contains("at byte 1"))
        #expect(try #require(throws: WireError.self) { try TritonTraceFile.decode(Array(Self.plain.utf8), maximumElements: 10) }.code == .tooLarge)
        #expect(try TritonTraceFile.decode(Array("[]".utf8)).batch.spanCount == 0)
    }
}
