import JSONCoding
import NeedletailTracing
import ServiceContextModule
import Testing
import TraceModel

@testable import Inference

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// What is wrong in the original, by the numbers of the reference's list, and right here. Those that need the network are in the
/// suite `TritonDefectHTTPTests`.
@Suite struct TritonDefectTests {
    private static let all = TraceSettings(level: .timestamps, rate: 1)

    private func times(_ span: Span) -> [String] { span.events.map(\.name) }

    private func children(_ spans: [Span], of parent: Span) -> [String] { spans.filter { $0.parentSpanID == parent.spanID }.map(\.name) }

    @Test("defects 2 and 3: GRPC_WAITREAD_START is when the request began, and its span begins with it")
    func waitReadBegins() async throws {
        let front = try FrontEnd(Self.all)
        let before = WallClock.now()
        try await front.send(grpc: true)
        let span = try #require(front.spans(named: "InferRequest").first)
        #expect(times(span) == ["GRPC_WAITREAD_START", "GRPC_WAITREAD_END", "INFER_RESPONSE_COMPLETE", "GRPC_SEND_START", "GRPC_SEND_END"])
        #expect(span.events.first?.time == span.startTime)
        // A millisecond of leeway: the wall clock may be slewed while the test runs.
        #expect(span.startTime + 1_000_000 >= before)
        #expect(span.attributes["rpc.method"] == "ModelInfer")
    }

    @Test("defect 4: a request that fails its check neither loses its span nor the trace file")
    func validationErrors() async throws {
        let wrong: NamedTensors = ["q": try Tensor([Int32(1)])]
        let front = try FrontEnd(Self.all)
        for grpc in [false, true] { try await front.send("echo", wrong, grpc: grpc) }
        #expect(front.spans.spans.map(\.name) == ["InferRequest", "InferRequest"])
        #expect(front.spans.spans.allSatisfy { $0.status == .error("unexpected inference input 'q' for model 'echo'") })
        #expect(front.spans.spans.allSatisfy { $0.attributes["error.type"] == "invalid_argument" })

        let path = FrontEnd.path()
        defer { try? FileManager.default.removeItem(atPath: path) }
        let file = try FrontEnd(TraceSettings(level: .timestamps, rate: 1, mode: .triton, file: path))
        try await file.send("echo", wrong)
        try await file.send()
        await file.writer?.close()
        let objects = try TraceFileTests.objects(path)
        #expect(objects.prefix(2) == ["1 HTTP_RECV_START", "1 HTTP_RECV_END"])
        #expect(objects.contains("2 model echo 1"))
    }

    @Test("defects 7 and 8: spans of a stream cover it to its last response, and end there")
    func streams() async throws {
        let front = try FrontEnd(Self.all, models: [.counter])
        try await front.send("counter", ["x": try Tensor([Int32(3)])], grpc: true)
        let spans = front.spans.spans
        let (compute, model, root) = (try #require(spans.first), spans[1], spans[2])
        let pair = ["INFER_RESPONSE_COMPLETE", "GRPC_SEND_START", "GRPC_SEND_END"]
        #expect(times(root) == ["GRPC_WAITREAD_START", "GRPC_WAITREAD_END"] + pair + pair + pair + pair)
        #expect(root.attributes["response.count"] == 4)
        // It ends with the last response, and with the model's span, which ends when that was taken.
        #expect(root.endTime == model.endTime)
        #expect(try #require(root.events.last).time <= root.endTime)
        // The third response was given within both.
        let third = root.events[8].time
        #expect(compute.startTime < third && third < compute.endTime)
        #expect(model.startTime < third && third < model.endTime)
        #expect(root.startTime <= model.startTime && model.endTime >= compute.endTime)
    }

    @Test("A long stream keeps its first responses and the last, and says how many are left out")
    func longStreams() async throws {
        let front = try FrontEnd(Self.all, models: [.counter])
        try await front.send("counter", ["x": try Tensor([Int32(99)])])
        let root = try #require(front.spans(named: "InferRequest").first)
        #expect(root.events.count { $0.name == "HTTP_SEND_END" } == StreamedResponses.maximumKept)
        #expect(root.attributes["response.count"] == 100)
        #expect(root.attributes["response.events_left_out"] == .int(Int64(100 - StreamedResponses.maximumKept)))
        #expect(try #require(root.events.last).time <= root.endTime)
    }

    @Test("defect 5: failures show, and one SERVER span is enough; a cancelled request says so")
    func failures() async throws {
        let front = try FrontEnd(Self.all, models: [.echo, .counter])
        try await front.send("echo", ["x": try Tensor([Int32(-1)])])
        #expect(front.spans.spans.map(\.kind) == [.internal, .internal, .server])
        #expect(front.spans.spans.allSatisfy { $0.status == .error("no") })
        front.spans.reset()

        struct Gone: Error {}
        try await front.send("counter", ["x": try Tensor([Int32(50)])]) { _ in throw Gone() }
        let root = try #require(front.spans(named: "InferRequest").first)
        #expect(root.status.code == .error)
        #expect(root.attributes["error.type"] == "cancelled")
        #expect(times(root).contains("REQUEST_CANCELLED"))
        let model = try #require(front.spans(named: "counter").first)
        #expect(model.attributes["error.type"] == "cancelled")
    }

    @Test("A rejected request has a model span without a compute span, and says so")
    func rejected() throws {
        var timestamps = RequestTimestamps.now()
        timestamps.requestStart = MonotonicClock.now()
        timestamps.queueStart = MonotonicClock.now()
        timestamps.requestEnd = MonotonicClock.now()
        var traced = TracedRequest(trace: RequestTrace(parent: nil, number: 1), timestamps: timestamps, exchange: .grpc(.init(method: "ModelInfer", statusCode: 14)))
        traced.modelName = "m"
        traced.modelFailure = RequestFailure(InferenceError(.unavailable, "Exceeds maximum queue size"))
        let spans = traced.spans()
        #expect(spans.map(\.name) == ["m", "InferRequest"])
        #expect(times(spans[0]) == ["REQUEST_START", "QUEUE_START", "REQUEST_END", "REQUEST_REJECTED", "exception"])
        #expect(spans.allSatisfy { $0.attributes["error.type"] == "unavailable" && $0.status.code == .error })
        #expect(spans[1].attributes["rpc.grpc.status_code"] == 14)
    }

    @Test("Calls of other models hang under their caller's model span, within its time")
    func nested() async throws {
        let front = try FrontEnd(Self.all, models: [.echo, .outer])
        try await front.send("outer")
        let spans = front.spans.spans
        let outer = try #require(spans.first { $0.name == "outer" })
        let inner = try #require(spans.first { $0.name == "echo" })
        #expect(Set(children(spans, of: outer)) == ["compute", "echo"])
        #expect(children(spans, of: inner) == ["compute"])
        #expect(inner.attributes["triton.trace_parent_id"] == 1)
        #expect(inner.attributes["triton.request_id"] == "inner")
        #expect(outer.startTime <= inner.startTime && inner.endTime <= outer.endTime)
        // Only a span whose parent is another process's says so.
        #expect(inner.flags & 0x200 == 0)
    }

    @Test("defect 4: a call that fails its check has a span of its own that says why")
    func refusedCalls() async throws {
        let model = Model(Model.definition("asks"), executeEach: { request in
            _ = try? await request.call(ModelCall("echo", inputs: ["q": try Tensor([Int32(1)])]))
            return ["y": try request.inputs.require("x")]
        })
        let front = try FrontEnd(Self.all, models: [.echo, model])
        try await front.send("asks")
        let echo = try #require(front.spans(named: "echo").first)
        #expect(echo.status == .error("unexpected inference input 'q' for model 'echo'"))
        let asks = try #require(front.spans(named: "asks").first)
        #expect(echo.parentSpanID == asks.spanID)
        #expect(asks.startTime <= echo.startTime && echo.endTime <= asks.endTime)
        #expect(asks.status.code == .unset)
    }

    @Test("Mode triton makes no spans of user code, and passes the caller's context on")
    func userCodeInModeTriton() async throws {
        let path = FrontEnd.path()
        defer { try? FileManager.default.removeItem(atPath: path) }
        let seen = Synchronized<[String]>([])
        let model = Model(Model.definition("m"), executeEach: { request in
            let context = ServiceContext.current?.traceContext.map { "\($0.spanID) \(request.isTraced)" }
            seen.withLock { $0.append(context ?? "none") }
            return try request.withSpan("inside") { _ in ["y": try request.inputs.require("x")] }
        })
        let front = try FrontEnd(TraceSettings(level: .timestamps, rate: 1, mode: .triton, file: path), models: [model])
        try await front.send("m", headers: [("traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")])
        await front.writer?.close()
        #expect(seen.withLock { $0 } == ["b7ad6b7169203331 false"])
        #expect(front.spans.spans.isEmpty)
        #expect(try TraceFileTests.objects(path).contains("1 model m 1"))
    }

    @Test("defect 12: the caller's sampled flag decides, also over the rate")
    func sampledFlag() async throws {
        let front = try FrontEnd(TraceSettings(level: .timestamps, rate: 0))
        let ids = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-0"
        try await front.send(headers: [("traceparent", ids + "0")])
        #expect(front.spans.spans.isEmpty)
        try await front.send(headers: [("traceparent", ids + "1")])
        #expect(front.spans.spans.count == 3)
    }

    @Test("defect 13: updates work when the count is used up")
    func updatesAfterTheCount() async throws {
        let front = try FrontEnd(TraceSettings(level: .timestamps, rate: 1, count: 1))
        for _ in 0..<3 { try await front.send() }
        #expect(front.spans(named: "echo").count == 1)
        try front.core.updateTraceSettings(["trace_rate": ["2"]], model: nil)
        try front.core.updateTraceSettings(["trace_level": ["TENSORS"]], model: "echo")
        #expect(try front.core.traceSettings(model: nil).values.first { $0.name == "trace_count" }?.texts == ["0"])
        try front.core.updateTraceSettings(["trace_count": ["1"]], model: nil)
        for _ in 0..<3 { try await front.send() }
        #expect(front.spans(named: "echo").count == 2)
    }

    @Test("defect 16: TENSORS in mode opentelemetry adds the values, bounded, to the model's span, and takes no span away")
    func tensorsAsEvents() async throws {
        let front = try FrontEnd(TraceSettings(level: .tensors, rate: 1))
        try await front.send("echo", ["x": try Tensor((0..<5_000).map { Int32($0) })])
        #expect(front.spans.spans.map(\.name) == ["compute", "echo", "InferRequest"])
        let model = front.spans.spans[1]
        #expect(times(model) == ["REQUEST_START", "TENSOR_QUEUE_INPUT", "QUEUE_START", "TENSOR_BACKEND_OUTPUT", "REQUEST_END"]
            || times(model) == ["REQUEST_START", "QUEUE_START", "TENSOR_QUEUE_INPUT", "TENSOR_BACKEND_OUTPUT", "REQUEST_END"])
        let input = try #require(model.events.first { $0.name == "TENSOR_QUEUE_INPUT" })
        #expect(input.attributes["tensor.name"] == "x")
        #expect(input.attributes["tensor.datatype"] == "INT32")
        #expect(input.attributes["tensor.shape"] == .array([.int(5_000)]))
        #expect(input.attributes["tensor.data_truncated"] == true)
        guard case .string(let data)? = input.attributes["tensor.data"] else { return #expect(Bool(false), "no data") }
        #expect(data.hasPrefix("0,1,2,") && data.utf8.count <= TracedRequest.maximumTensorAttributeText)
        #expect(!data.hasSuffix(","))
    }

    @Test("Without TENSORS no value is on any span")
    func noValues() async throws {
        let front = try FrontEnd(Self.all)
        try await front.send()
        #expect(front.spans.spans.allSatisfy { span in span.events.allSatisfy { $0.attributes.isEmpty } })
    }

    /// Element type, bytes of a tensor, and its values in the file.
    static let types: [(DataType, [UInt8], String)] = [
        (.uint8, [65, 44, 34, 255], "65,44,34,255"), (.int8, [65, 255, 128], "65,-1,-128"), (.bool, [1, 0], "1,0"),
        (.uint16, [0, 1, 255, 255], "256,65535"), (.int16, [254, 255], "-2"), (.uint32, [255, 255, 255, 255], "4294967295"),
        (.int32, [0, 0, 0, 128], "-2147483648"), (.uint64, Array(repeating: 255, count: 8), "18446744073709551615"),
        (.int64, [0, 0, 0, 0, 0, 0, 0, 128], "-9223372036854775808"),
        (.fp16, [0, 0x3c, 0, 0xc1], "1,-2.5"), (.bf16, [0x80, 0x3f, 0xcd, 0x3d], "1,0.100097656"),
        (.fp32, bytes(Float(0.1)) + bytes(Float(16_777_217)) + bytes(Float.infinity), "0.1,16777216,inf"),
        (.fp64, bytes(1.123456789012345) + bytes(1e300) + bytes(3.0), "1.123456789012345,1e+300,3"),
        (.bytes, element("a\"b") + element("x\ny\u{1}"), #""a\"b","x\ny\u0001""#), (.bytes, element("ü\\") + [1, 0, 0, 0, 0xff], #""ü\\","�""#),
    ]

    private static func bytes<Value>(_ value: Value) -> [UInt8] { withUnsafeBytes(of: value) { Array($0) } }
    private static func element(_ text: String) -> [UInt8] { [UInt8(text.utf8.count), 0, 0, 0] + Array(text.utf8) }

    @Test("defect 17: the file is JSON with all digits, whatever the element type", arguments: types.indices)
    func everyElementType(index: Int) async throws {
        let (type, storage, text) = Self.types[index]
        let count = try type.byteWidth.map { storage.count / $0 } ?? Tensor.elementRanges(ofBytes: storage).count
        let path = FrontEnd.path()
        defer { try? FileManager.default.removeItem(atPath: path) }
        let model = Model(Model.definition("types", type: type), executeEach: { ["y": try $0.inputs.require("x")] })
        let front = try FrontEnd(TraceSettings(level: .tensors, rate: 1, mode: .triton, file: path), models: [model])
        try await front.send("types", ["x": try Tensor(dataType: type, shape: [count], storage: storage)], id: "\"quoted\"")
        await front.writer?.close()
        #expect(try TraceFileTests.objects(path) == ["TENSOR_QUEUE_INPUT x", "TENSOR_BACKEND_OUTPUT y"].map { "1 \($0)=\(text) [\(count)] \(type)" })
    }

    @Test("defect 17: names and ids are escaped")
    func escapedIDs() async throws {
        let path = FrontEnd.path()
        defer { try? FileManager.default.removeItem(atPath: path) }
        let front = try FrontEnd(TraceSettings(level: .timestamps, rate: 1, mode: .triton, file: path))
        try await front.send(id: "a\"b\\c\n")
        await front.writer?.close()
        #expect(try TraceFileTests.objects(path).contains("1 model echo 1 a\"b\\c\n"))
    }

    @Test("defect 21: the tensors of all responses are in the file")
    func tensorsOfAllResponses() async throws {
        let path = FrontEnd.path()
        defer { try? FileManager.default.removeItem(atPath: path) }
        let front = try FrontEnd(TraceSettings(level: [.timestamps, .tensors], rate: 1, mode: .triton, file: path), models: [.counter])
        try await front.send("counter", ["x": try Tensor([Int32(3)])], grpc: true)
        await front.writer?.close()
        let objects = try TraceFileTests.objects(path)
        #expect(objects.filter { $0.contains("OUTPUT y") } == (0..<3).map { "1 TENSOR_BACKEND_OUTPUT y=\($0) [1] INT32" })
        #expect(objects.count { $0.contains("GRPC_SEND_START") } == 4)
        #expect(objects.count { $0.contains("INFER_RESPONSE_COMPLETE") } == 4)
    }

    @Test("An ensemble has its steps' spans, and none of computing")
    func ensembles() async throws {
        // Stands in for the back end: what counts is how it looks.
        var definition = Model.definition("ensemble")
        definition.ensemble = Ensemble(steps: [.init(modelName: "echo", inputMap: ["x": "x"], outputMap: ["y": "y"])])
        let ensemble = Model(definition, executeEach: { request in try await request.call(ModelCall("echo", id: request.id, inputs: request.inputs)) })
        let front = try FrontEnd(Self.all, models: [.echo, ensemble])
        try await front.send("ensemble", id: "e-1")
        let spans = front.spans.spans
        #expect(spans.map(\.name) == ["compute", "echo", "ensemble", "InferRequest"])
        #expect(children(spans, of: spans[2]) == ["echo"])
        #expect(spans[1].attributes["triton.request_id"] == "e-1")
    }

    @Test("defects 19 and 22: a full queue of spans drops them, counted, and holds up no request")
    func fullQueues() async throws {
        let processor = BatchSpanProcessor(
            exporter: InMemorySpanExporter(), resource: Resource(),
            configuration: .init(maxQueueSize: 8, maxExportBatchSize: 4), logger: FrontEnd.quiet)
        let tracer = InferenceTracer(settings: Self.all, processor: processor)
        for _ in 0..<10 {
            let trace = try #require(tracer.decide(model: "m", headers: HeaderPairs([])).trace)
            var timestamps = RequestTimestamps.now()
            timestamps.requestStart = timestamps.receiveStart
            tracer.record(TracedRequest(trace: trace, timestamps: timestamps, exchange: .grpc(.init(method: "ModelInfer"))))
        }
        #expect(processor.counters.droppedQueueFull == 12)
    }

    @Test("Spans that stand for others say how many", arguments: [1, 5] as [UInt32])
    func samplerAttributes(rate: UInt32) async throws {
        let front = try FrontEnd(TraceSettings(level: .timestamps, rate: rate))
        for _ in 0..<5 { try await front.send() }
        let root = try #require(front.spans(named: "InferRequest").first)
        #expect(root.attributes["sampler.type"] == (rate == 1 ? nil : "everynth"))
        #expect(root.attributes["sampler.param"] == (rate == 1 ? nil : .int(Int64(rate))))
        // A request of a traced caller stands for itself.
        front.spans.reset()
        try await front.send(headers: [("traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")])
        #expect(front.spans(named: "InferRequest").first?.attributes["sampler.type"] == nil)
    }
}
