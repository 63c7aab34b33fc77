import Instrumentation
import NeedletailTracing
import Testing
import TraceModel
import Tracing

/// Cases of the W3C Baggage recommendation.
@Suite("W3C baggage propagator")
struct W3CBaggagePropagatorTests {
    struct Case: Sendable {
        var header: String
        var entries: [Baggage.Entry]

        init(_ header: String, _ entries: (String, String, String)...) {
            self.header = header
            self.entries = entries.map { Baggage.Entry(key: $0.0, value: $0.1, metadata: $0.2) }
        }
    }

    @Test("Members, properties, blanks and encoding are read", arguments: [
        Case("key1=value1;property1;property2, key2 = value2, key3=value3; propertyKey=propertyValue",
            ("key1", "value1", "property1;property2"), ("key2", "value2", ""), ("key3", "value3", "propertyKey=propertyValue")),
        Case("userId=alice,serverNode=DF%2028,isProduction=false", ("userId", "alice", ""), ("serverNode", "DF 28", ""), ("isProduction", "false", "")),
        Case("userId =   alice,serverNode = DF%2028, isProduction = false", ("userId", "alice", ""), ("serverNode", "DF 28", ""), ("isProduction", "false", "")),
        Case("SomeKey \t = \t SomeValue \t ; \t SomeProp \t = \t PropVal \t ", ("SomeKey", "SomeValue", "SomeProp=PropVal")),
        Case("SomeKey=SomeValue=equals", ("SomeKey", "SomeValue=equals", "")),
        Case("SomeKey=%09%20%22%27%3B%3Dasdf%21%40%23%24%25%5E%26%2A%28%29", ("SomeKey", "\t \"';=asdf!@#$%^&*()", "")),
        Case("k=Am%C3%A9lie", ("k", "Amélie", "")), Case("k=%f0%9f%92%bc", ("k", "💼", "")),
        // Octets that are no UTF-8 are replaced.
        Case("k=a%FFb", ("k", "a\u{FFFD}b", "")),
        // A "%" is one of the octets of a value, also when no digits follow.
        Case("k=100%", ("k", "100%", "")), Case("k=%zz%4", ("k", "%zz%4", "")),
        Case("k=", ("k", "", "")), Case("k=v;", ("k", "v", "")), Case("k=v;ValueProp%20%3D%20x", ("k", "v", "ValueProp%20%3D%20x")),
        Case("k=v;p=%20", ("k", "v", "p=%20")), Case("a=1,A=2", ("a", "1", ""), ("A", "2", "")), Case("a=1,b=2,a=3", ("a", "3", ""), ("b", "2", "")),
        Case(",, a=1 ,,", ("a", "1", "")),
    ])
    func read(_ example: Case) {
        #expect(Array(W3CBaggagePropagator().context(from: ["baggage": example.header]).baggage) == example.entries)
    }

    @Test("A malformed member is skipped, the others are kept", arguments: [
        "novalue", "=v", "b ad=v", "bad=a b", "bad=\"v\"", "bad=a\\b", "bad=v;b ad", "bad=v;=v", "bad=v;p=\"", "b(ad=v", "bäd=v", "bad=ä", "bad=\u{7}", ";",
    ])
    func malformed(_ member: String) {
        #expect(W3CBaggagePropagator().context(from: ["baggage": "first=1,\(member),last=2"]).baggage == ["first": "1", "last": "2"])
        var context = ServiceContext.topLevel
        context.baggage["here"] = "kept"
        W3CBaggagePropagator().extract(["baggage": member], into: &context, using: HeaderCarrier())
        #expect(context.baggage == ["here": "kept"])
    }

    @Test("Names from the header win, others stay")
    func merge() {
        var context = ServiceContext.topLevel
        context.baggage = ["a": "old", "b": "kept"]
        W3CBaggagePropagator().extract(["baggage": "a=new,c=3"], into: &context, using: HeaderCarrier())
        #expect(context.baggage == ["a": "new", "b": "kept", "c": "3"])
    }

    @Test("Values are written percent-encoded, properties as they are")
    func write() {
        var context = ServiceContext.topLevel
        #expect(W3CBaggagePropagator().headers(for: context).isEmpty)
        context.baggage["userId"] = "Amélie"
        context.baggage.set("DF 28;,\"\\%", forKey: "serverNode", metadata: "ttl=5; secure;")
        context.baggage["plain"] = "a=b:c/d"
        context.baggage["empty"] = ""
        #expect(
            W3CBaggagePropagator().headers(for: context) == [
                "baggage": "userId=Am%C3%A9lie,serverNode=DF%2028%3B%2C%22%5C%25;ttl=5;secure,plain=a=b:c/d,empty="
            ])
    }

    @Test("No header can be smuggled in by a name, a value or a property")
    func injection() {
        var context = ServiceContext.topLevel
        context.baggage = ["a\r\nEvil: x": "1", "b c": "1", "é": "1", "": "1", "good": "x\r\nEvil: y"]
        context.baggage.set("v", forKey: "meta", metadata: "p\r\nEvil: z;ok;q=\u{0}")
        #expect(W3CBaggagePropagator().headers(for: context) == ["baggage": "good=x%0D%0AEvil:%20y,meta=v;ok"])
    }

    @Test("What is read is written again without a loss", arguments: ["a=1", "a=1;p;q=2,b=%20", "a=%25zz", "k=a%EF%BF%BDb"])
    func roundTrip(_ header: String) {
        #expect(W3CBaggagePropagator().headers(for: W3CBaggagePropagator().context(from: ["baggage": header]))["baggage"] == header)
    }

    @Test("64 members and 8192 bytes pass; what goes beyond is dropped by whole members, both ways")
    func limits() {
        let many = (0..<180).map { "k\($0)=v" }
        #expect(W3CBaggagePropagator().context(from: ["baggage": many.joined(separator: ",")]).baggage.count == 64)
        var context = ServiceContext.topLevel
        for index in 0..<180 { context.baggage["k\(index)"] = "v" }
        #expect(W3CBaggagePropagator().headers(for: context)["baggage"] == many.prefix(64).joined(separator: ","))

        let long = "a=" + String(repeating: "x", count: 8190)
        let full = W3CBaggagePropagator().context(from: ["baggage": long])
        #expect(W3CBaggagePropagator().headers(for: full)["baggage"] == long)
        // One byte more: that member goes, a smaller one after it stays.
        var over = W3CBaggagePropagator().context(from: ["baggage": long + "x,b=1"])
        #expect(over.baggage == ["b": "1"])
        over.baggage = ["b": "1", "a": String(repeating: "x", count: 8190), "c": "2"]
        #expect(W3CBaggagePropagator().headers(for: over)["baggage"] == "b=1,c=2")
    }

    @Test("Baggage travels with a request through spans that are not sampled")
    func throughSpans() {
        let tracer = NeedletailTracer(
            processor: InMemorySpanExporter(), sampler: AlwaysOffSampler(), propagator: CompositePropagator([W3CTraceContextPropagator(), W3CBaggagePropagator()]))
        var context = ServiceContext.topLevel
        tracer.extract(["baggage": "tenant=blue"], into: &context, using: HeaderCarrier())
        let span = tracer.startSpan("server", context: context)
        var headers: [String: String] = [:]
        tracer.inject(span.context, into: &headers, using: HeaderCarrier())
        #expect(headers["baggage"] == "tenant=blue")
        #expect(headers["traceparent"]?.hasPrefix("00-\(span.traceContext.traceID)-\(span.traceContext.spanID)-0") == true)
    }
}
