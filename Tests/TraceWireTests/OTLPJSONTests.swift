import FuzzSupport
import JSONCoding
import Testing
import TraceModel
import TraceWire

@Suite struct OTLPJSONTests {
    private let ids = #""traceId":"0102030405060708090a0b0c0d0e0f10","spanId":"0102030405060708""#

    private func decode(_ text: String) throws -> DecodedSpans {
        try OTLPJSON.decode(Array(text.utf8))
    }

    /// Decodes a request with one span that has these members beside its ids.
    private func span(_ members: String) throws -> Span {
        let decoded = try decode(#"{"resourceSpans":[{"scopeSpans":[{"spans":[{\#(ids)\#(members.isEmpty ? "" : ",")\#(members)}]}]}]}"#)
        #expect(decoded.rejectedSpanCount == 0)
        return try #require(decoded.batch.resourceSpans.first?.scopeSpans.first?.spans.first)
    }

    @Test func everyFieldIsRead() throws {
        let decoded = try decode(FullSpan.json)
        #expect(decoded.batch == FullSpan.batch)
        #expect(decoded.rejectedSpanCount == 0)
    }

    @Test func everyFieldIsWritten() throws {
        let written = OTLPJSON.encode(FullSpan.batch)
        #expect(try OTLPJSON.decode(written).batch == FullSpan.batch)
        let span = try #require(try JSONValue.parse(written)["resourceSpans"]?[0]?["scopeSpans"]?[0]?["spans"]?[0])
        #expect(span["traceId"] == "000102030405060708090a0b0c0d0e0f")
        #expect(span["startTimeUnixNano"] == "1700000000000000001")
        #expect(span["kind"] == 3)
        #expect(span["attributes"]?[2]?["value"] == ["intValue": "-1"])
        #expect(span["attributes"]?[6]?["value"] == ["bytesValue": "AP8="])
        #expect(span["status"] == ["message": "bad", "code": 2])
    }

    @Test(arguments: 0..<150)
    func randomBatchesSurvive(seed: UInt64) throws {
        var random = RandomBatch(seed: seed)
        let batch = random.batch()
        #expect(try OTLPJSON.decode(OTLPJSON.encode(batch)).batch == batch)
    }

    @Test func bothEncodingsMeanTheSame() throws {
        var random = RandomBatch(seed: 4711)
        for _ in 0..<50 {
            let batch = random.batch()
            let there = try OTLPJSON.decode(OTLPJSON.encode(OTLPProtobuf.decode(OTLPProtobuf.encode(batch)).batch)).batch
            #expect(there == batch)
        }
    }

    @Test func emptyRequests() throws {
        #expect(try decode("{}").batch == SpanBatch())
        #expect(try decode(#"{"resourceSpans":[]}"#).batch == SpanBatch())
        #expect(try decode(#"{"resourceSpans":null}"#).batch == SpanBatch())
        #expect(throws: WireError.self) { try decode("") }
        #expect(throws: WireError.self) { try decode("[]") }
    }

    @Test func nullIsAsGoodAsAbsent() throws {
        let names = [
            "parentSpanId", "name", "kind", "startTimeUnixNano", "attributes", "events", "links", "status", "flags", "traceState",
            "droppedAttributesCount",
        ]
        let span = try span(names.map { "\"\($0)\":null" }.joined(separator: ","))
        #expect(span == (try self.span("")))
        #expect(try self.span(#""attributes":[{"key":"a","value":null}]"#).attributes == [Attribute("a", .empty)])
        #expect(try self.span(#""attributes":[{"key":"a","value":{"arrayValue":{"values":[null]}}}]"#).attributes == [Attribute("a", .array([.empty]))])
    }

    @Test func unknownMembersAreIgnoredOnEveryLevel() throws {
        let decoded = try decode(
            """
            {"x":[1,{"y":null}],"resourceSpans":[{"x":{},"resource":{"x":1,"entityRefs":[{}]},"scopeSpans":[{"x":"","scope":{"x":[]},"spans":[
            {\(ids),"x":true,"span_id":"snake","events":[{"x":1}],"links":[{"x":2}],"status":{"x":3},
            "attributes":[{"x":4,"key":"k","value":{"x":5,"stringValue":"v"}}]}]}]}]}
            """)
        let span = try #require(decoded.batch.resourceSpans.first?.scopeSpans.first?.spans.first)
        #expect(span.attributes == [Attribute("k", "v")])
        #expect(span.events.count == 1)
        #expect(span.links.count == 1)
    }

    @Test func numbersComeWithAndWithoutQuotes() throws {
        let span = try span(#""startTimeUnixNano":18446744073709551615,"endTimeUnixNano":"18446744073709551615","flags":"257","droppedLinksCount":1e3"#)
        #expect(span.startTime == .max)
        #expect(span.endTime == .max)
        #expect(span.flags == 257)
        #expect(span.droppedLinksCount == 1000)
        for (text, number) in [("\"-9223372036854775808\"", Int64.min), ("-7", -7), ("\"7\"", 7), ("1.0", 1)] {
            #expect(try self.span(#""attributes":[{"key":"i","value":{"intValue":\#(text)}}]"#).attributes == [Attribute("i", .int(number))])
        }
        for text in ["\"\"", "\"-\"", "\"1x\"", "1.5", "\"18446744073709551616\"", "18446744073709551616", "-1", "true", "{}"] {
            #expect(throws: WireError.self, "\(text)") { try self.span(#""startTimeUnixNano":\#(text)"#) }
        }
    }

    @Test func doublesThatAreNotFiniteHaveNames() throws {
        func value(_ text: String) throws -> Double {
            guard case .double(let number)? = try span(#""attributes":[{"key":"d","value":{"doubleValue":\#(text)}}]"#).attributes["d"] else {
                throw WireError(code: .malformed, message: "no double")
            }
            return number
        }
        #expect(try value("\"Infinity\"") == .infinity)
        #expect(try value("\"-Infinity\"") == -.infinity)
        #expect(try value("\"NaN\"").isNaN)
        #expect(try value("\"1.5\"") == 1.5)
        #expect(try value("3") == 3)
        #expect(throws: WireError.self) { try value("\"many\"") }
        var withNaN = FullSpan.span
        withNaN.attributes = [Attribute("d", .double(.nan))]
        let bytes = OTLPJSON.encode(SpanBatch(resource: Resource(), scope: InstrumentationScope(), spans: [withNaN]))
        #expect(String(decoding: bytes, as: UTF8.self).contains(#"{"doubleValue":"NaN"}"#))
    }

    @Test func enumNamesAreTolerated() throws {
        #expect(try span(#""kind":"SPAN_KIND_SERVER","status":{"code":"STATUS_CODE_ERROR"}"#).kind == .server)
        #expect(try span(#""kind":"5","status":{"code":"STATUS_CODE_ERROR"}"#).status.code == .error)
        #expect(try span(#""kind":77"#).kind == .unspecified)
        #expect(try span(#""kind":-1"#).kind == .unspecified)
        #expect(try span(#""kind":"nonsense""#).kind == .unspecified)
    }

    @Test func rootsHaveNoParentWhicheverWayTheyAreWritten() throws {
        #expect(try span(#""parentSpanId":"""#).parentSpanID == nil)
        #expect(try span(#""parentSpanId":"0000000000000000""#).parentSpanID == nil)
        #expect(try span(#""parentSpanId":"00000000000000Ff""#).parentSpanID == SpanID(255))
    }

    @Test func spansWithInvalidIdsAreRefusedAlone() throws {
        let decoded = try decode(
            """
            {"resourceSpans":[{"scopeSpans":[{"spans":[{\(ids)},{"traceId":"AQIDBAUGBwgJCgsMDQ4PEA==","spanId":"0102030405060708","name":"base64"},
            {"traceId":"0102030405060708090a0b0c0d0e0f10","spanId":"010203040506070g"},{"traceId":"00000000000000000000000000000000","spanId":"0102030405060708"},
            {\(ids),"parentSpanId":"12"},{}]}]}]}
            """)
        #expect(decoded.batch.spanCount == 1)
        #expect(decoded.rejectedSpanCount == 5)
        #expect(decoded.rejectionMessage.contains("span 'base64' has trace id of 24 characters instead of 32 hexadecimal digits"))
    }

    @Test func bytesComeInBothAlphabets() throws {
        for text in ["+/8=", "-_8=", "-_8", "+/8"] {
            #expect(try span(#""attributes":[{"key":"y","value":{"bytesValue":"\#(text)"}}]"#).attributes == [Attribute("y", .bytes([0xfb, 0xff]))])
        }
        #expect(throws: WireError.self) { try span(#""attributes":[{"key":"y","value":{"bytesValue":"A"}}]"#) }
        #expect(throws: WireError.self) { try span(#""attributes":[{"key":"y","value":{"bytesValue":"A*A="}}]"#) }
    }

    @Test func escapesInKeysAndValues() throws {
        let span = try span(#""n\u0061me":"caf\u00e9 \ud83d\ude00\n","attributes":[{"key":"a\"b","value":{"stringValue":"\\"}},{"key":"a\"b","value":{"stringValue":"\\"}}]"#)
        #expect(span.name == "café 😀\n")
        #expect(span.attributes == [Attribute("a\"b", "\\"), Attribute("a\"b", "\\")])
    }

    @Test func valuesNestedTooDeepAreRefused() throws {
        func nested(_ levels: Int) -> SpanBatch {
            var value: AttributeValue = 1
            for _ in 0..<levels { value = .keyValueList([Attribute("k", value)]) }
            return SpanBatch(
                resource: Resource(), scope: InstrumentationScope(),
                spans: [Span(traceID: TraceID(high: 1, low: 1), spanID: SpanID(1), name: "", startTime: 0, endTime: 0, events: [
                    SpanEvent(time: 0, name: "", attributes: [Attribute("deep", value)])
                ])])
        }
        let deepest = nested(WireLimit.valueDepth)
        #expect(try OTLPJSON.decode(OTLPJSON.encode(deepest)).batch == deepest)
        for levels in [WireLimit.valueDepth + 1, 1000] {
            let error = try #require(throws: WireError.self) { try OTLPJSON.decode(OTLPJSON.encode(nested(levels))) }
            #expect(error.code == .tooDeep)
        }
        let brackets = #"{"x":"# + String(repeating: "[", count: 100_000)
        #expect(throws: WireError.self) { try decode(brackets) }
    }

    @Test func messageOfAFailureSaysWhereAndWhat() throws {
        let error = try #require(throws: WireError.self) { try decode(#"{"resourceSpans":{}}"#) }
        #expect(error.code == .malformed)
        #expect(error.message == "malformed OTLP JSON at byte 17: found an object, expected an array")
    }

    @Test func answers() throws {
        #expect(OTLPJSON.encodeExportResponse(rejectedSpans: 0, message: "") == Array("{}".utf8))
        let partial = OTLPJSON.encodeExportResponse(rejectedSpans: 3, message: "why")
        #expect(String(decoding: partial, as: UTF8.self) == #"{"partialSuccess":{"rejectedSpans":"3","errorMessage":"why"}}"#)
        let read = try OTLPJSON.decodeExportResponse(partial)
        #expect(read.rejectedSpans == 3)
        #expect(read.message == "why")
        #expect(try OTLPJSON.decodeExportResponse(Array(#"{"partialSuccess":{}}"#.utf8)).rejectedSpans == 0)
        #expect(try OTLPJSON.decodeExportResponse([]).rejectedSpans == 0)
        #expect(String(decoding: OTLPJSON.encodeStatus(code: 3, message: "a\"b"), as: UTF8.self) == #"{"code":3,"message":"a\"b"}"#)
    }
}
