import Instrumentation
import NeedletailTracing
import Testing
import TraceModel
import Tracing

/// Cases of openzipkin/b3-propagation and of the OpenTelemetry specification ("B3 Requirements").
@Suite("B3 propagator")
struct B3PropagatorTests {
    static let trace = "80f198ee56343ba864fe8b2a57d3eff7"
    static let span = "e457b5a2e4d86bd1"
    static let parent = "05e3ac9a4f6e3b90"

    struct Case: Sendable, CustomTestStringConvertible {
        var headers: [String: String]
        /// `trace-span-state`, the state being 0, 1, d or - (deferred); `nil` when nothing is to be taken.
        var expected: String?
        var testDescription: String { "\(headers)" }

        init(_ headers: [String: String], _ expected: String?) {
            self.headers = headers
            self.expected = expected
        }

        init(_ single: String, _ expected: String?) {
            self.init(["b3": single], expected)
        }
    }

    static func text(_ context: TraceContext?) -> String? {
        guard let context else { return nil }
        let state = context.isDebug ? "d" : context.decision.map { $0 ? "1" : "0" } ?? "-"
        return context.isValid ? "\(context.traceID)-\(context.spanID)-\(state)" : state
    }

    @Test("The single header is read", arguments: [
        Case("\(trace)-\(span)-1-\(parent)", "\(trace)-\(span)-1"),
        Case("\(trace)-\(span)-1", "\(trace)-\(span)-1"),
        Case("\(trace)-\(span)-0", "\(trace)-\(span)-0"),
        Case("\(trace)-\(span)-d", "\(trace)-\(span)-d"),
        Case("\(trace)-\(span)-d-\(parent)", "\(trace)-\(span)-d"),
        Case("\(trace)-\(span)", "\(trace)-\(span)--"),
        Case(" \(trace)-\(span)-1 ", "\(trace)-\(span)-1"),
        Case("64fe8b2a57d3eff7-\(span)-1", "000000000000000064fe8b2a57d3eff7-\(span)-1"),
        Case("0", "0"), Case("1", "1"), Case("d", "d"),
    ])
    func single(_ example: Case) {
        let context = B3Propagator().context(from: example.headers).traceContext
        #expect(Self.text(context) == example.expected)
        #expect(context?.isRemote == true)
        #expect(context?.isSampled == ["1", "d"].contains(example.expected?.last.map(String.init)))
    }

    @Test("A malformed single header counts as none", arguments: [
        "", "-", "--", "x", "2", "b3", "\(trace)", "\(trace)-", "-\(span)-1", "\(trace)-\(span)-", "\(trace)-\(span)-2",
        "\(trace)-\(span)-true", "\(trace)-\(span)-1-", "\(trace)-\(span)-1-xyz", "\(trace)-\(span)-1-\(parent)-1",
        "\(trace.dropLast())-\(span)-1", "\(trace)0-\(span)-1", "\(trace)-\(span.dropLast())-1", "\(trace)-\(span)0-1",
        "\(trace.dropLast())g-\(span)-1", "\(String(repeating: "0", count: 32))-\(span)-1", "\(trace)-\(String(repeating: "0", count: 16))-1",
        String(repeating: "a", count: 100_000),
    ])
    func malformedSingle(_ header: String) {
        #expect(B3Propagator().context(from: ["b3": header]).traceContext == nil)
        // The other headers still count.
        let multiple = ["b3": header, "x-b3-traceid": Self.trace, "x-b3-spanid": Self.span, "x-b3-sampled": "1"]
        #expect(Self.text(B3Propagator().context(from: multiple).traceContext) == "\(Self.trace)-\(Self.span)-1")
    }

    @Test("Multiple headers are read", arguments: [
        Case(["X-B3-TraceId": trace, "X-B3-SpanId": span, "X-B3-ParentSpanId": parent, "X-B3-Sampled": "1"], "\(trace)-\(span)-1"),
        Case(["x-b3-traceid": trace, "x-b3-spanid": span, "x-b3-sampled": "0"], "\(trace)-\(span)-0"),
        Case(["X-B3-TraceId": trace, "X-B3-SpanId": span, "X-B3-Sampled": "true"], "\(trace)-\(span)-1"),
        Case(["X-B3-TraceId": trace, "X-B3-SpanId": span, "X-B3-Sampled": "False"], "\(trace)-\(span)-0"),
        Case(["X-B3-TraceId": trace, "X-B3-SpanId": span], "\(trace)-\(span)--"),
        Case(["X-B3-TraceId": trace, "X-B3-SpanId": span, "X-B3-Flags": "1"], "\(trace)-\(span)-d"),
        Case(["X-B3-TraceId": trace, "X-B3-SpanId": span, "X-B3-Flags": "1", "X-B3-Sampled": "0"], "\(trace)-\(span)-d"),
        Case(["X-B3-TraceId": trace, "X-B3-SpanId": span, "X-B3-Flags": "0", "X-B3-Sampled": "1"], "\(trace)-\(span)-1"),
        Case(["X-B3-TraceId": "463ac35c9f6413ad", "X-B3-SpanId": span, "X-B3-Sampled": "1"], "0000000000000000463ac35c9f6413ad-\(span)-1"),
        Case(["X-B3-Sampled": "0"], "0"), Case(["X-B3-Sampled": "1"], "1"), Case(["X-B3-Flags": "1"], "d"),
        Case(["X-B3-TraceId": trace], nil), Case(["X-B3-SpanId": span], nil), Case(["X-B3-TraceId": trace, "X-B3-Sampled": "1"], nil),
        Case(["X-B3-TraceId": trace, "X-B3-SpanId": span, "X-B3-Sampled": "maybe"], nil),
        Case(["X-B3-TraceId": "zz\(trace.dropFirst(2))", "X-B3-SpanId": span, "X-B3-Sampled": "1"], nil),
        Case(["X-B3-TraceId": trace, "X-B3-SpanId": "abc", "X-B3-Sampled": "1"], nil),
        Case(["X-B3-TraceId": trace, "X-B3-SpanId": span, "X-B3-ParentSpanId": "?", "X-B3-Sampled": "1"], nil),
        Case([:], nil),
    ], [B3Propagator.Encoding.single, .multiple])
    func multiple(_ example: Case, encoding: B3Propagator.Encoding) {
        #expect(Self.text(B3Propagator(encoding).context(from: example.headers).traceContext) == example.expected)
    }

    @Test("The canonical spelling is found also where names are case-sensitive")
    func caseSensitiveCarrier() {
        var context = ServiceContext.topLevel
        B3Propagator().extract(["X-B3-TraceId": Self.trace, "X-B3-SpanId": Self.span, "X-B3-Sampled": "1"], into: &context, using: HeaderCarrier())
        #expect(Self.text(context.traceContext) == "\(Self.trace)-\(Self.span)-1")
    }

    @Test("The single header wins over the others")
    func precedence() {
        let headers = ["b3": "\(Self.trace)-\(Self.span)-0", "x-b3-traceid": Self.parent, "x-b3-spanid": Self.parent, "x-b3-sampled": "1"]
        #expect(Self.text(B3Propagator(.multiple).context(from: headers).traceContext) == "\(Self.trace)-\(Self.span)-0")
    }

    @Test("What was read is written for the next hop", arguments: ["1", "0", "d", ""])
    func passOn(_ state: String) {
        let ids = "\(Self.trace)-\(Self.span)"
        let context = B3Propagator().context(from: ["b3": state.isEmpty ? ids : "\(ids)-\(state)-\(Self.parent)"])
        // Never the parent's id.
        #expect(B3Propagator().headers(for: context) == ["b3": state.isEmpty ? ids : "\(ids)-\(state)"])
        var expected = ["x-b3-traceid": Self.trace, "x-b3-spanid": Self.span]
        if state == "d" { expected["x-b3-flags"] = "1" } else if !state.isEmpty { expected["x-b3-sampled"] = state }
        #expect(B3Propagator(.multiple).headers(for: context) == expected)
    }

    @Test("A decision without ids is written again", arguments: ["0", "1", "d"])
    func passOnDecision(_ state: String) {
        let context = B3Propagator().context(from: ["b3": state])
        #expect(B3Propagator().headers(for: context) == ["b3": state])
        #expect(B3Propagator(.multiple).headers(for: context) == (state == "d" ? ["x-b3-flags": "1"] : ["x-b3-sampled": state]))
    }

    @Test("Nothing is written without a trace")
    func nothing() {
        #expect(B3Propagator().headers(for: .topLevel).isEmpty)
        #expect(B3Propagator(.multiple).headers(for: .topLevel).isEmpty)
        #expect(B3Propagator().fields == ["b3"])
        #expect(B3Propagator(.multiple).fields == ["x-b3-traceid", "x-b3-spanid", "x-b3-sampled", "x-b3-flags"])
    }

    @Test("A decision without ids holds for the trace that starts here, which has no parent", arguments: ["0", "1", "d"])
    func decisionOnly(_ state: String) throws {
        let memory = InMemorySpanExporter()
        // The sampler for roots would decide the other way.
        let root: any Sampler = state == "0" ? AlwaysOnSampler() : AlwaysOffSampler()
        let tracer = NeedletailTracer(processor: memory, sampler: ParentBasedSampler(root: root), propagator: B3Propagator())
        var context = ServiceContext.topLevel
        tracer.extract(["b3": state], into: &context, using: HeaderCarrier())
        let span = tracer.startSpan("server", context: context)
        span.end()
        #expect(span.traceContext.isValid)
        #expect(span.traceContext.isSampled == (state != "0"))
        #expect(memory.spans.map(\.parentSpanID) == (state == "0" ? [] : [nil]))
        #expect(B3Propagator().headers(for: span.context)["b3"] == "\(span.traceContext.traceID)-\(span.traceContext.spanID)-\(state)")
    }

    @Test("A deferred decision is made by the sampler for roots, and the trace goes on", arguments: [true, false])
    func deferred(isOn: Bool) {
        let memory = InMemorySpanExporter()
        let root: any Sampler = isOn ? AlwaysOnSampler() : AlwaysOffSampler()
        let tracer = NeedletailTracer(processor: memory, sampler: ParentBasedSampler(root: root), propagator: B3Propagator())
        let span = tracer.startSpan("server", context: B3Propagator().context(from: ["b3": "\(Self.trace)-\(Self.span)"]))
        span.end()
        #expect(span.traceContext.traceID.description == Self.trace)
        #expect(span.traceContext.isSampled == isOn)
        #expect(memory.spans.first?.parentSpanID?.description == (isOn ? Self.span : nil))
        #expect(B3Propagator().headers(for: span.context)["b3"]?.hasSuffix(isOn ? "-1" : "-0") == true)
    }

    @Test("Children pass the debug state on")
    func debug() {
        let tracer = NeedletailTracer(processor: InMemorySpanExporter(), propagator: B3Propagator())
        let server = tracer.startSpan("server", context: B3Propagator().context(from: ["b3": "\(Self.trace)-\(Self.span)-d"]))
        let client = tracer.startSpan("client", context: server.context)
        #expect(client.isRecording)
        #expect(B3Propagator().headers(for: client.context) == ["b3": "\(Self.trace)-\(client.traceContext.spanID)-d"])
    }
}
