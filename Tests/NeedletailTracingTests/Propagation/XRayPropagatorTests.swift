import Instrumentation
import NeedletailTracing
import Testing
import TraceModel
import Tracing

/// Cases of AWS X-Ray's "Tracing header" and of the request tracing of AWS' load balancers.
@Suite("X-Ray propagator")
struct XRayPropagatorTests {
    static let root = "1-5759e988-bd862e3fe1be46a994272793"
    static let trace = "5759e988bd862e3fe1be46a994272793"
    static let parent = "53995c3f42cd8ad8"

    @Test("The header is read, in any order of its fields", arguments: [
        ("Root=\(root);Parent=\(parent);Sampled=1", true), ("Root=\(root);Parent=\(parent);Sampled=0", false),
        ("Root=\(root);Parent=\(parent)", nil), ("Root=\(root);Parent=\(parent);Sampled=?", nil), ("Sampled=1;Parent=\(parent);Root=\(root)", true),
        (" Root=\(root) ; Parent=\(parent) ; Sampled=1 ; ", true), ("root=\(root);PARENT=\(parent);sampled=1", true),
        ("Self=1-67891234-12456789abcdef012345678;Root=\(root);Parent=\(parent);Sampled=1;CalledFrom=app;loose", true),
    ] as [(String, Bool?)])
    func read(header: String, decision: Bool?) throws {
        let context = try #require(XRayPropagator().context(from: ["X-Amzn-Trace-Id": header]).traceContext)
        #expect(context.traceID.description == Self.trace)
        #expect(context.spanID.description == Self.parent)
        #expect(context.decision == decision)
        #expect(context.isRemote)
    }

    @Test("A malformed header counts as none", arguments: [
        "", ";", "=", "Root", "Root=", "Parent=\(parent);Sampled=1", "Root=\(trace);Parent=\(parent);Sampled=1", "Root=2-5759e988-bd862e3fe1be46a994272793;Parent=\(parent)",
        "Root=1-5759e98-bd862e3fe1be46a994272793;Parent=\(parent)", "Root=1-5759e988-bd862e3fe1be46a99427279;Parent=\(parent)",
        "Root=1-5759e988-bd862e3fe1be46a9942727930;Parent=\(parent)", "Root=1-5759e988-zd862e3fe1be46a994272793;Parent=\(parent)",
        "Root=1-00000000-000000000000000000000000;Parent=\(parent)", "Root=\(root);Parent=;Sampled=1", "Root=\(root);Parent=0000000000000000;Sampled=1",
        "Root=\(root);Parent=53995c3f42cd8ad;Sampled=1", "Root=\(root);Parent=z3995c3f42cd8ad8;Sampled=1", "Root=\(root);Parent=\(parent);Sampled=2",
        "Root=\(root);Parent=\(parent);Sampled=", "Root=\(root)-1;Parent=\(parent);Sampled=1", "Root=\(root);Parent=\(parent);" + String(repeating: "a=b;", count: 2000),
    ])
    func malformed(header: String) {
        #expect(XRayPropagator().context(from: ["x-amzn-trace-id": header]).traceContext == nil)
    }

    @Test("The header is written as X-Ray wants it", arguments: [true, false])
    func write(isSampled: Bool) {
        var context = ServiceContext.topLevel
        #expect(XRayPropagator().headers(for: context).isEmpty)
        context.traceContext = TraceContext(
            traceID: TraceID(high: 0x5759_e988_bd86_2e3f, low: 0xe1be_46a9_9427_2793), spanID: SpanID(0x5399_5c3f_42cd_8ad8), flags: isSampled ? .sampled : [])
        #expect(XRayPropagator().headers(for: context) == ["x-amzn-trace-id": "Root=\(Self.root);Parent=\(Self.parent);Sampled=\(isSampled ? 1 : 0)"])
    }

    @Test("Root alone, as load balancers send it, continues the trace without a parent")
    func rootAlone() throws {
        let memory = InMemorySpanExporter()
        let tracer = NeedletailTracer(processor: memory, propagator: XRayPropagator())
        let span = tracer.startSpan("server", context: XRayPropagator().context(from: ["x-amzn-trace-id": "Root=\(Self.root)"]))
        span.end()
        let finished = try #require(memory.spans.first)
        #expect(finished.traceID.description == Self.trace)
        #expect(finished.parentSpanID == nil)
    }

    @Test("A valid lineage goes on with its trace", arguments: [("25:3f2a11cc:5", true), ("32767:00000000:255", true), ("32768:3f2a11cc:5", false), ("1:3f2a11cc:256", false), ("1:3f2a:1", false), ("1:3f2a11cc", false), ("a:3f2a11cc:1", false), ("1:3f2a11cc:1\r\nEvil", false)])
    func lineage(text: String, isKept: Bool) {
        let context = XRayPropagator().context(from: ["x-amzn-trace-id": "Root=\(Self.root);Parent=\(Self.parent);Sampled=1;Lineage=\(text)"])
        let tracer = NeedletailTracer(processor: InMemorySpanExporter())
        let span = tracer.startSpan("server", context: context)
        let written = XRayPropagator().headers(for: span.context)["x-amzn-trace-id"]
        #expect(written == "Root=\(Self.root);Parent=\(span.traceContext.spanID);Sampled=1" + (isKept ? ";Lineage=\(text)" : ""))
        // Another trace does not inherit it.
        let other = tracer.startSpan("other", parent: nil, base: context)
        #expect(XRayPropagator().headers(for: other.context)["x-amzn-trace-id"]?.contains("Lineage") == false)
    }
}
