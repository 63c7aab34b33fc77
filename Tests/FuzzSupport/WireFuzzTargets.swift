internal import JSONCoding
internal import TraceModel
internal import TraceWire

/// Every decoder of spans. What is decoded can be written and read again.
public enum WireFuzzTargets {
    public static var all: [FuzzTarget] { [otlpProtobuf, otlpJSON, zipkinJSON, zipkinV1JSON, zipkinProtobuf, zipkinThrift] + jaeger + [jaegerJSON, triton, file] }

    // MARK: OTLP

    static var otlpProtobuf: FuzzTarget {
        FuzzTarget("otlp-protobuf", seeds: samples.map(OTLPProtobuf.encode)) { bytes in
            guard let first = try? OTLPProtobuf.decode(bytes) else { return nil }
            let written = OTLPProtobuf.encode(first.batch)
            guard let second = try? OTLPProtobuf.decode(written) else { return "what was decoded cannot be read again" }
            // Bytes instead of models are compared, because NaN is not equal to itself.
            return OTLPProtobuf.encode(second.batch) == written ? bounded(first, bytes) : "what was decoded reads as something else"
        }
    }

    static var otlpJSON: FuzzTarget {
        FuzzTarget(
            "otlp-json", seeds: samples.map { OTLPJSON.encode($0) },
            words: [#""resourceSpans":"#, #"{"arrayValue":{"values":["#, "]}}", "null", #""kvlistValue":{"values":["#, "1e400", #""\ud800""#]
        ) { bytes in
            guard let first = try? OTLPJSON.decode(bytes) else { return nil }
            let written = OTLPJSON.encode(first.batch)
            guard let second = try? OTLPJSON.decode(written) else { return "what was decoded cannot be read again" }
            return OTLPJSON.encode(second.batch) == written ? bounded(first, bytes) : "what was decoded reads as something else"
        }
    }

    // MARK: Zipkin

    private static let zipkinWords = [#""tags":{"#, #""annotations":["#, "null", "[[", "{}", #""otlp.link.0":"1|2||{}|0""#, "18446744073709551615", "-1"]

    static var zipkinJSON: FuzzTarget {
        FuzzTarget("zipkin-json", seeds: samples.map { ZipkinJSON.encode($0) }, words: zipkinWords) { bytes in
            guard let first = try? ZipkinJSON.decode(bytes) else { return nil }
            guard let second = try? ZipkinJSON.decode(ZipkinJSON.encode(first.batch)) else { return "what was decoded cannot be read again" }
            return second.batch.spanCount == first.batch.spanCount ? bounded(first, bytes) : "spans are lost"
        }
    }

    static var zipkinV1JSON: FuzzTarget {
        let text = #"""
            [{"traceId":"2a","id":"2b","parentId":"1","name":"n","timestamp":1700000000000000,"duration":5,"debug":true,"annotations":
            [{"timestamp":1700000000000000,"value":"cs","endpoint":{"serviceName":"a","ipv4":"1.2.3.4","port":80}},{"timestamp":1700000000000001,"value":"sr",
            "endpoint":{"serviceName":"b"}},{"timestamp":1700000000000009,"value":"cr"}],"binaryAnnotations":[{"key":"sa","value":true,"endpoint":
            {"serviceName":"b"}},{"key":"k","value":"v","endpoint":{"serviceName":"a"}},{"key":"lc","value":"c"}]}]
            """#
        return FuzzTarget("zipkin-v1-json", seeds: [Array(text.utf8)], words: zipkinWords + [#"{"value":"ss"}"#, #"{"value":"ms"}"#]) { bytes in
            // A span of version 1 may become two.
            (try? ZipkinJSON.decodeV1(bytes)).flatMap { bounded($0, bytes) }
        }
    }

    static var zipkinProtobuf: FuzzTarget {
        let span: [UInt8] =
            [0x0a, 8, 0, 0, 0, 0, 0, 0, 0, 42, 0x1a, 8, 0, 0, 0, 0, 0, 0, 0, 43, 0x20, 1, 0x2a, 3] + Array("new".utf8)
            + [0x31, 0, 0, 0, 0, 1, 0, 0, 0, 0x38, 10, 0x42, 9, 0x0a, 1, 0x73, 0x12, 4, 127, 0, 0, 1, 0x52, 12, 0x09, 1, 0, 0, 0, 0, 0, 0, 0, 0x12, 1, 0x61]
            + [0x5a, 6, 0x0a, 1, 0x6b, 0x12, 1, 0x76, 0x60, 1, 0x68, 1]
        return FuzzTarget("zipkin-protobuf", seeds: [[0x0a, UInt8(span.count)] + span]) { bytes in
            (try? ZipkinProtobuf.decode(bytes)).flatMap { bounded($0, bytes) }
        }
    }

    static var zipkinThrift: FuzzTarget {
        let span: [UInt8] =
            [10, 0, 1, 0, 0, 0, 0, 0, 0, 0, 42, 11, 0, 3, 0, 0, 0, 3] + Array("old".utf8) + [10, 0, 4, 0, 0, 0, 0, 0, 0, 0, 43]
            + [15, 0, 6, 12, 0, 0, 0, 1, 10, 0, 1, 0, 0, 0, 0, 0, 0, 0, 9, 11, 0, 2, 0, 0, 0, 2, 0x73, 0x72]
            + [12, 0, 3, 8, 0, 1, 127, 0, 0, 1, 6, 0, 2, 0, 80, 11, 0, 3, 0, 0, 0, 1, 0x61, 0, 0]
            + [15, 0, 8, 12, 0, 0, 0, 1, 11, 0, 1, 0, 0, 0, 1, 0x6b, 11, 0, 2, 0, 0, 0, 1, 1, 8, 0, 3, 0, 0, 0, 0, 0]
            + [10, 0, 10, 0, 0, 0, 0, 0, 4, 0, 0, 10, 0, 11, 0, 0, 0, 0, 0, 0, 0, 9, 0]
        return FuzzTarget("zipkin-thrift", seeds: [[12, 0, 0, 0, 1] + span, [12, 0, 0, 0, 2] + span + span]) { bytes in
            (try? ZipkinThrift.decode(bytes)).flatMap { bounded($0, bytes) }
        }
    }

    // MARK: Jaeger

    static var jaeger: [FuzzTarget] {
        let forms: [(name: String, encode: @Sendable (ResourceSpans) -> [UInt8], decode: @Sendable ([UInt8]) throws -> DecodedSpans)] = [
            ("jaeger-compact", { JaegerThrift.encodeCompactMessage($0) }, { try JaegerThrift.decodeCompactMessage($0) }),
            ("jaeger-binary", { JaegerThrift.encodeBinaryMessage($0) }, { try JaegerThrift.decodeBinaryMessage($0) }),
            ("jaeger-batch", { JaegerThrift.encodeBinaryBatch($0) }, { try JaegerThrift.decodeBinaryBatch($0) }),
            ("jaeger-protobuf", { JaegerProtobuf.encodePostSpansRequest($0) }, { try JaegerProtobuf.decodePostSpansRequest($0) }),
        ]
        return forms.map { form in
            FuzzTarget(form.name, seeds: samples.flatMap(\.resourceSpans).map(form.encode)) { bytes in
                guard let first = try? form.decode(bytes) else { return nil }
                for group in first.batch.resourceSpans {
                    guard let second = try? form.decode(form.encode(group)) else { return "what was decoded cannot be read again" }
                    if second.batch.spanCount != group.scopeSpans.reduce(0, { $0 + $1.spans.count }) { return "spans are lost" }
                }
                return bounded(first, bytes)
            }
        }
    }

    static var jaegerJSON: FuzzTarget {
        let words = [#""data":["#, #""spans":["#, #""processes":{"#, #""type":"int64","value":"9""#, "null", "[[[", "1e300", #""type":"binary""#]
        return FuzzTarget("jaeger-json", seeds: [jaegerText(sample), jaegerText(small)], words: words) { bytes in
            guard let first = try? JaegerJSON.decode(bytes) else { return nil }
            guard let second = try? JaegerJSON.decode(jaegerText(first.batch)) else { return "what was decoded cannot be read again" }
            // The writer writes one trace, in which equal spans are one.
            return second.batch.spanCount <= first.batch.spanCount ? bounded(first, bytes) : "spans come from nowhere"
        }
    }

    private static func jaegerText(_ batch: SpanBatch) -> [UInt8] {
        var writer = JSONWriter()
        JaegerJSON.writeTrace(id: TraceID(high: 1, low: 2), batch: batch, to: &writer, raw: true)
        return writer.finish()
    }

    // MARK: Files

    private static let tritonText = #"""
        [{"id":1,"timestamps":[{"name":"HTTP_RECV_START","ns":1000}]},{"id":1,"model_name":"m","model_version":1,"request_id":"r"},
        {"id":1,"timestamps":[{"name":"REQUEST_START","ns":1200}]},{"id":1,"timestamps":[{"name":"x_START","ns":1250},{"name":"x_END","ns":1260}]},
        {"id":1,"activity":"TENSOR_QUEUE_INPUT","tensor":{"name":"X","data":"1,2","shape":"1,2","dtype":"FP32"}},
        {"id":1,"timestamps":[{"name":"COMPUTE_START","ns":1300}]},{"id":1,"timestamps":[{"name":"COMPUTE_END","ns":1400}]},
        {"id":1,"timestamps":[{"name":"REQUEST_END","ns":1500}]},{"id":2,"model_name":"c","model_version":1,"parent_id":1},
        {"id":2,"timestamps":[{"name":"REQUEST_START","ns":1300}]}]
        """#

    static var triton: FuzzTarget {
        let words = [#","parent_id":2}"#, #"{"id":2,"#, #""activity":"TENSOR_BACKEND_OUTPUT","tensor":{"name":""#, #"","shape":""#, #""}},"#, "18446744073709551615"]
        return FuzzTarget("triton", seeds: [Array(tritonText.utf8)], words: words) { bytes in
            guard let first = try? TritonTraceFile.decode(bytes, lastModified: 1_700_000_000_000_000_000) else { return nil }
            let spans = first.batch.resourceSpans.flatMap { $0.scopeSpans.flatMap(\.spans) }
            if spans.contains(where: { !$0.traceID.isValid || !$0.spanID.isValid || $0.endTime < $0.startTime }) { return "a span that cannot be stored" }
            let again = try? TritonTraceFile.decode(bytes, lastModified: 1_700_000_000_000_000_000)
            return again?.batch == first.batch ? bounded(first, bytes) : "the same file gives other spans"
        }
    }

    static var file: FuzzTarget {
        let line = OTLPJSON.encode(small)
        let prefix: [UInt8] = withUnsafeBytes(of: UInt32(OTLPProtobuf.encode(small).count).bigEndian) { Array($0) }
        let seeds = [
            line + [10] + line, prefix + OTLPProtobuf.encode(small), jaegerText(small), ZipkinJSON.encode(small), Array(tritonText.utf8),
            Array(#"{"batches":[{"scopeSpans":[{"spans":[{"traceId":"AAAAAAAAAAAAAAAAAAAAAQ==","spanId":"AAAAAAAAAAI="}]}]}]}"#.utf8),
        ]
        return FuzzTarget("trace-file", seeds: seeds, words: ["\n", "{", "[", #"{"trace":"#, #"{"result":"#, #""spanId":"#, "}\n{"]) { bytes in
            guard let file = try? TraceFile(reading: bytes, options: .init(maximumSize: 1 << 20)) else { return nil }
            let count = file.batches(ofAtMost: 3).reduce(0) { $0 + $1.spanCount }
            return count == file.batch.spanCount ? nil : "batches of a file lose spans"
        }
    }

    // MARK: Samples

    /// Two bytes of input make a span at most.
    private static func bounded(_ decoded: DecodedSpans, _ bytes: [UInt8]) -> String? {
        decoded.batch.spanCount + decoded.rejectedSpanCount <= bytes.count * 2 + 2 ? nil : "more spans than the input has bytes for"
    }

    private static let samples: [SpanBatch] = {
        var random = RandomBatch(seed: 20_261_121)
        return [sample, small] + (0..<6).map { _ in random.batch() }
    }()

    static var small: SpanBatch {
        SpanBatch(
            resource: Resource(attributes: [Attribute("service.name", "s")]), scope: InstrumentationScope(name: "lib"),
            spans: [Span(traceID: TraceID(high: 1, low: 2), spanID: SpanID(3), name: "op", startTime: 1_700_000_000_000_000_000, endTime: 1_700_000_000_000_001_000)])
    }

    /// Every field is set.
    static var sample: SpanBatch {
        let values: [AttributeValue] = [
            "text", true, .int(-7), .double(1.5), .bytes([0, 255]), .array(["a", 1, .array([])]), .keyValueList([Attribute("k", .keyValueList([]))]), .empty,
        ]
        let attributes = values.enumerated().map { Attribute(key: "key.\($0)", value: $1) }
        let span = Span(
            traceID: TraceID(high: 0x0102_0304_0506_0708, low: 9), spanID: SpanID(10), parentSpanID: SpanID(11), traceState: "a=b", flags: 0x301, name: "op",
            kind: .client, startTime: 1_700_000_000_000_000_000, endTime: 1_700_000_000_000_500_000, attributes: attributes, droppedAttributesCount: 1,
            events: [SpanEvent(time: 1_700_000_000_000_100_000, name: "event", attributes: attributes, droppedAttributesCount: 2)], droppedEventsCount: 3,
            links: [SpanLink(traceID: TraceID(high: 1, low: 1), spanID: SpanID(2), traceState: "c=d", attributes: attributes)], droppedLinksCount: 4,
            status: .error("broken"))
        return SpanBatch(resourceSpans: [
            ResourceSpans(
                resource: Resource(attributes: [Attribute("service.name", "svc")] + attributes), schemaURL: "u",
                scopeSpans: [ScopeSpans(scope: InstrumentationScope(name: "lib", version: "1", attributes: attributes), schemaURL: "v", spans: [span, span])])
        ])
    }
}
