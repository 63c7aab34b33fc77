import Testing
import TraceModel
import TraceQuery

@Suite("Stages of inference requests")
struct StageBreakdownTests {
    private let base: UInt64 = 1_700_000_000_000_000_000

    /// `InferRequest` > model > compute, as an inference server sends it; `at` is the start of the request.
    private func request(
        ids: UInt64 = 100,
        parent: UInt64? = nil,
        at: UInt64,
        receive: (UInt64, UInt64)?,
        send: (UInt64, UInt64)?,
        end: UInt64
    ) -> [Span] {
        var events: [(String, UInt64)] = []
        if let receive { events += [("HTTP_RECV_START", receive.0), ("HTTP_RECV_END", receive.1)] }
        events.append(("INFER_RESPONSE_COMPLETE", at + 80))
        if let send { events += [("HTTP_SEND_START", send.0), ("HTTP_SEND_END", send.1)] }
        return [
            span(ids, parent: parent, "InferRequest", kind: .server, start: at, end: end, events: events),
            model(ids + 1, parent: ids, start: at + 10, queue: at + 12, end: at + 80),
            compute(ids + 2, parent: ids + 1, at + 40, at + 45, at + 70, at + 75),
        ]
    }

    private func model(_ id: UInt64, parent: UInt64, start: UInt64, queue: UInt64, end: UInt64, status: SpanStatus = SpanStatus()) -> Span {
        span(
            id,
            parent: parent,
            "passthrough",
            kind: .server,
            start: start,
            end: end,
            attributes: [Attribute("triton.model_name", "passthrough")],
            events: [("REQUEST_START", start), ("QUEUE_START", queue), ("REQUEST_END", end)],
            status: status
        )
    }

    private func compute(_ id: UInt64, parent: UInt64, _ start: UInt64, _ inputEnd: UInt64, _ outputStart: UInt64, _ end: UInt64) -> Span {
        span(
            id,
            parent: parent,
            "compute",
            kind: .server,
            start: start,
            end: end,
            events: [("COMPUTE_START", start), ("COMPUTE_INPUT_END", inputEnd), ("COMPUTE_OUTPUT_START", outputStart), ("COMPUTE_END", end)]
        )
    }

    private func strip(_ breakdown: StageBreakdown) -> [String] {
        breakdown.strip.map { "\($0.stage.rawValue) \($0.duration)" }
    }

    private func bars(_ breakdown: StageBreakdown) -> [String] {
        breakdown.segments.map { "\($0.row) \($0.stage.rawValue) \($0.start)+\($0.duration)" }
    }

    @Test("a request with all its events")
    func complete() {
        let spans = request(at: base, receive: (base, base + 6), send: (base + 85, base + 95), end: base + 100)
        let breakdown = StageBreakdown(tree(spans))
        #expect(strip(breakdown) == ["receive 6", "queue 28", "input 5", "infer 25", "output 5", "send 10", "unaccounted 21"])
        #expect(bars(breakdown) == ["0 receive 0+6", "0 send 85+10", "1 queue 12+28", "2 input 40+5", "2 infer 45+25", "2 output 70+5"])
        #expect(breakdown.warnings.isEmpty)
    }

    @Test("below a caller, the receiving before the request's span counts, and the rest of the call is unaccounted")
    func receivedBeforeSpan() {
        let caller = span(1, "POST", kind: .client, start: base, end: base + 200)
        let spans = request(parent: 1, at: base + 50, receive: (base + 40, base + 48), send: (base + 140, base + 145), end: base + 150)
        let breakdown = StageBreakdown(tree([caller] + spans))
        #expect(strip(breakdown) == ["receive 8", "queue 28", "input 5", "infer 25", "output 5", "send 5", "unaccounted 124"])
        // The bar of the request starts later, so nothing of the receiving is drawn in it.
        #expect(bars(breakdown).first == "1 send 140+5")
    }

    @Test("without a caller there is no time before the request's span")
    func receivedBeforeRoot() {
        let spans = request(at: base, receive: (base - 30, base - 10), send: nil, end: base + 100)
        let breakdown = StageBreakdown(tree(spans))
        #expect(strip(breakdown) == ["queue 28", "input 5", "infer 25", "output 5", "unaccounted 37"])
        #expect(breakdown.warnings.isEmpty)
    }

    @Test("send times of the machine's boot are ignored, and said so")
    func sentAtBoot() {
        let boot = base - 1_200_000_000_000
        let spans = request(at: base, receive: nil, send: (boot, boot), end: base + 100)
        let breakdown = StageBreakdown(tree(spans))
        #expect(strip(breakdown) == ["queue 28", "input 5", "infer 25", "output 5", "unaccounted 37"])
        #expect(breakdown.warnings == ["1 send time lies outside its request and was ignored (Triton writes some of them wrong)"])
    }

    @Test("gRPC's wait for a message is no receiving")
    func waitRead() {
        let caller = span(1, "call", kind: .client, start: base, end: base + 200)
        var spans = request(parent: 1, at: base + 50, receive: nil, send: nil, end: base + 150)
        spans[0].events = [
            SpanEvent(time: base - 80_000_000_000, name: "GRPC_WAITREAD_START"), SpanEvent(time: base + 49, name: "GRPC_WAITREAD_END"),
            SpanEvent(time: base + 140, name: "GRPC_SEND_START"), SpanEvent(time: base + 145, name: "GRPC_SEND_END"),
        ]
        let breakdown = StageBreakdown(tree([caller] + spans))
        #expect(strip(breakdown) == ["queue 28", "input 5", "infer 25", "output 5", "send 5", "unaccounted 132"])
    }

    @Test("of an ensemble's parallel branches only the later one counts")
    func ensemble() {
        let spans = [
            span(1, "InferRequest", start: base, end: base + 100, events: [("HTTP_RECV_START", base), ("HTTP_RECV_END", base + 2)]),
            model(2, parent: 1, start: base + 2, queue: base + 3, end: base + 98),
            // Two branches side by side, then a step that needs both.
            model(10, parent: 2, start: base + 5, queue: base + 5, end: base + 40),
            compute(11, parent: 10, base + 10, base + 11, base + 38, base + 39),
            model(20, parent: 2, start: base + 5, queue: base + 5, end: base + 60),
            compute(21, parent: 20, base + 25, base + 26, base + 58, base + 59),
            model(30, parent: 2, start: base + 62, queue: base + 63, end: base + 95),
            compute(31, parent: 30, base + 70, base + 71, base + 90, base + 94),
        ]
        let breakdown = StageBreakdown(tree(spans))
        #expect(strip(breakdown) == ["receive 2", "queue 27", "input 2", "infer 51", "output 5", "unaccounted 13"])
        // The ensemble itself waits in no queue; each branch draws its own bars.
        #expect(!bars(breakdown).contains { $0.hasPrefix("1 ") })
        #expect(breakdown.segments.count(where: { $0.stage == .infer }) == 3)
    }

    @Test("Python's spans beside and below the compute span take nothing from it")
    func pythonSpans() {
        var spans = request(at: base, receive: (base, base + 6), send: (base + 85, base + 95), end: base + 100)
        spans.append(span(200, parent: 101, "python_backend_execute", start: base + 46, end: base + 69))
        spans.append(span(201, parent: 200, "proxy_inference_callable", start: base + 47, end: base + 68))
        spans.append(span(202, parent: 201, "compute", start: base + 48, end: base + 60))
        let breakdown = StageBreakdown(tree(spans))
        #expect(strip(breakdown) == ["receive 6", "queue 28", "input 5", "infer 25", "output 5", "send 10", "unaccounted 21"])
    }

    @Test("a missing event lets its stages merge")
    func missingEvents() {
        var spans = request(at: base, receive: nil, send: nil, end: base + 100)
        spans[2].events.removeAll { $0.name == "COMPUTE_INPUT_END" || $0.name == "COMPUTE_END" }
        #expect(strip(StageBreakdown(tree(spans))) == ["queue 28", "infer 30", "output 5", "unaccounted 37"])
        spans[2].events.removeAll { $0.name == "COMPUTE_OUTPUT_START" }
        #expect(strip(StageBreakdown(tree(spans))) == ["queue 28", "infer 35", "unaccounted 37"])
    }

    @Test("without a compute span: a failed request waited to its end, an answered one came from a cache")
    func noCompute() {
        let front = span(1, "InferRequest", start: base, end: base + 100)
        let failed = model(2, parent: 1, start: base + 10, queue: base + 20, end: base + 90, status: .error("timed out"))
        #expect(strip(StageBreakdown(tree(front, failed))) == ["queue 70", "unaccounted 30"])
        let cached = model(2, parent: 1, start: base + 10, queue: base + 20, end: base + 90)
        #expect(strip(StageBreakdown(tree(front, cached))) == ["unaccounted 100"])
    }

    @Test("a trace without inference spans has no strip")
    func otherTraces() {
        let breakdown = StageBreakdown(tree(span(1, "GET /", start: base, end: base + 10), span(2, parent: 1, "compute", start: base, end: base + 3)))
        #expect(breakdown == StageBreakdown(tree([])))
        #expect(breakdown.strip.isEmpty)
    }

    @Test("whatever the spans say, the strip adds up to the duration and bars stay inside their spans", arguments: 0..<20)
    func sums(seed: UInt64) {
        var random = SplitMix64(state: seed)
        let names = [
            "HTTP_RECV_START", "HTTP_RECV_END", "HTTP_SEND_START", "HTTP_SEND_END", "GRPC_WAITREAD_START", "REQUEST_START", "QUEUE_START",
            "REQUEST_END", "COMPUTE_START", "COMPUTE_INPUT_END", "COMPUTE_OUTPUT_START", "COMPUTE_END", "exception",
        ]
        for _ in 0..<100 {
            let count = UInt64.random(in: 1...25, using: &random)
            let spans = (1...count).map { id in
                let start = base + UInt64.random(in: 0...500, using: &random)
                return span(
                    id,
                    parent: UInt64.random(in: 0...count, using: &random),
                    ["InferRequest", "model", "compute", "other"].randomElement(using: &random)!,
                    start: start,
                    end: start + UInt64.random(in: 0...500, using: &random) - UInt64.random(in: 0...20, using: &random),
                    events: (0..<Int.random(in: 0...8, using: &random)).map { _ in
                        (names.randomElement(using: &random)!, base + UInt64.random(in: 0...1500, using: &random) - 300)
                    },
                    status: SpanStatus(code: Bool.random(using: &random) ? .error : .unset)
                )
            }
            let tree = tree(spans)
            let breakdown = StageBreakdown(tree)
            let sum = breakdown.strip.reduce(0) { $0 + $1.duration }
            #expect(breakdown.strip.isEmpty || sum == tree.spans.duration)
            for segment in breakdown.segments {
                let span = tree.span(segment.row)
                let start = segment.start + tree.spans.startTime
                #expect(start >= span.startTime && start + segment.duration <= span.endTime)
            }
        }
    }
}
