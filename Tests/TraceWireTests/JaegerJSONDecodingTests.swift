import FuzzSupport
import JSONCoding
import Testing
import TraceModel

@testable import TraceWire

@Suite struct JaegerJSONDecodingTests {
    private static func decode(_ text: String) throws -> DecodedSpans { try JaegerJSON.decode(Array(text.utf8)) }

    private static func only(_ text: String) throws -> (span: Span, resource: Resource, scope: InstrumentationScope) {
        let group = try #require(try decode(text).batch.resourceSpans.first)
        return (try #require(group.scopeSpans.first?.spans.first), group.resource, try #require(group.scopeSpans.first?.scope))
    }

    @Test func aTraceOfTheQueryAPI() throws {
        let (span, resource, scope) = try Self.only(
            #"""
            {"data":[{"traceID":"1","spans":[{"traceID":"0000000000000001","spanID":"00000000000000a2","flags":1,"operationName":"GET /",
            "references":[{"refType":"CHILD_OF","traceID":"1","spanID":"a1"},{"refType":"FOLLOWS_FROM","traceID":"7","spanID":"8"}],
            "startTime":1700000000000000,"duration":1500,
            "tags":[{"key":"s","type":"string","value":"t"},{"key":"b","type":"bool","value":true},{"key":"i","type":"int64","value":-7},
            {"key":"big","type":"int64","value":"9007199254740993"},{"key":"d","type":"float64","value":2},{"key":"bin","type":"binary","value":"AP8="},
            {"key":"span.kind","type":"string","value":"server"},{"key":"otel.scope.name","type":"string","value":"lib"},
            {"key":"error","type":"bool","value":true}],
            "logs":[{"timestamp":1700000000000500,"fields":[{"key":"event","type":"string","value":"tok"},{"key":"n","type":"int64","value":1}]}],
            "processID":"p1","warnings":["clock skew"]}],
            "processes":{"p1":{"serviceName":"svc","tags":[{"key":"host.name","type":"string","value":"h"}]}},"warnings":null}],
            "total":0,"limit":0,"offset":0,"errors":null}
            """#)
        #expect(resource.attributes == [Attribute("service.name", "svc"), Attribute("host.name", "h")])
        #expect(scope.name == "lib")
        #expect(span.traceID == TraceID(high: 0, low: 1))
        #expect(span.spanID == SpanID(0xa2))
        #expect(span.parentSpanID == SpanID(0xa1))
        #expect(span.links.map(\.spanID) == [SpanID(8)])
        #expect(span.startTime == 1_700_000_000_000_000_000)
        #expect(span.duration == 1_500_000)
        #expect(span.kind == .server)
        #expect(span.status.code == .error)
        #expect(span.flags == 1)
        #expect(
            span.attributes == [
                Attribute("s", "t"), Attribute("b", true), Attribute("i", -7), Attribute("big", .int(9_007_199_254_740_993)), Attribute("d", .double(2)),
                Attribute("bin", .bytes([0, 255])), Attribute("@jaeger@warnings", .array(["clock skew"])),
            ])
        #expect(span.events == [SpanEvent(time: 1_700_000_000_000_500_000, name: "tok", attributes: [Attribute("n", 1)])])
    }

    @Test func spansThatCarryTheirProcess() throws {
        let (span, resource, _) = try Self.only(
            #"""
            [{"startTime":5,"traceID":"1","spanID":"2","parentSpanID":"3","operationName":"o","duration":1,"startTimeMillis":0,
            "tags":[{"key":"n","type":"int64","value":"12"},{"key":"f","type":"float64","value":"1.5"},{"key":"t","type":"bool","value":"true"}],
            "process":{"serviceName":"es","tags":[]}}]
            """#)
        #expect(resource.serviceName == "es")
        #expect(span.parentSpanID == SpanID(3))
        #expect(span.attributes == [Attribute("n", 12), Attribute("f", 1.5), Attribute("t", true)])
    }

    @Test func aBadSpanCostsNoOther() throws {
        let good = #"{"traceID":"1","spanID":"2","operationName":"good","startTime":1,"duration":1,"processID":"p"}"#
        for (bad, reason) in [
            (#"{"traceID":"x","spanID":"2","operationName":"bad"}"#, "trace id 'x'"), (#"{"traceID":"1","operationName":"bad"}"#, "span id missing"),
            (#"{"traceID":"1","spanID":"2","operationName":"bad","startTime":-1}"#, "start time '-1'"),
            (#"{"traceID":"1","spanID":"2","operationName":"bad","tags":{}}"#, "tags that are no JSON list"),
            (#"{"traceID":"1","spanID":"2","operationName":"bad","logs":[1]}"#, "one of its logs"), ("7", "no members"),
        ] {
            let decoded = try Self.decode(#"{"traceID":"1","spans":[\#(bad),\#(good)],"processes":{}}"#)
            #expect(decoded.batch.spanCount == 1)
            #expect(decoded.rejectedSpanCount == 1)
            #expect(decoded.rejectionMessage.contains(reason), "\(decoded.rejectionMessage)")
        }
    }

    @Test func whatTheWriterWritesComesBack() throws {
        var random = RandomBatch(seed: 77)
        for _ in 0..<50 {
            for trace in Self.traces(random.batch()) {
                let first = try JaegerJSON.decode(Self.written(trace))
                let second = try JaegerJSON.decode(Self.written(first.batch))
                #expect(second.batch == first.batch)
                #expect(first.rejectedSpanCount == 0)
                #expect(first.batch.spanCount == trace.spanCount)
            }
        }
    }

    /// Each span as a batch of its own; the writer writes one trace.
    private static func traces(_ batch: SpanBatch) -> [SpanBatch] {
        batch.resourceSpans.flatMap { group in
            group.scopeSpans.flatMap { scoped in
                scoped.spans.map { SpanBatch(resource: group.resource, scope: scoped.scope, spans: [$0]) }
            }
        }
    }

    private static func written(_ batch: SpanBatch) -> [UInt8] {
        var writer = JSONWriter()
        let id = batch.resourceSpans.first?.scopeSpans.first?.spans.first?.traceID ?? TraceID(high: 0, low: 1)
        JaegerJSON.writeTrace(id: id, batch: batch, to: &writer, raw: true)
        return writer.finish()
    }

    @Test func brokenTextIsRefusedWithItsPlace() throws {
        let error = try #require(throws: WireError.self) { try Self.decode(#"{"data":[{"spans":[{"#) }
        #expect(error.message.contains("malformed Jaeger JSON at byte 20"))
        #expect(try #require(throws: WireError.self) { try JaegerJSON.decode(Array("[[[]]]".utf8), maximumElements: 1) }.code == .tooLarge)
    }
}
