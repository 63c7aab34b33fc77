import TraceModel

/// One request in which every field of the schema is set, as the model, as protobuf (written by another implementation) and as JSON.
enum FullSpan {
    static let batch = SpanBatch(resourceSpans: [
        ResourceSpans(
            resource: Resource(attributes: [Attribute("service.name", "sänger")], droppedAttributesCount: 1), schemaURL: "https://r",
            scopeSpans: [
                ScopeSpans(
                    scope: InstrumentationScope(name: "lib", version: "1.2", attributes: [Attribute("k", true)], droppedAttributesCount: 2),
                    schemaURL: "https://s", spans: [span])
            ])
    ])

    static let span = Span(
        traceID: TraceID(high: 0x0001_0203_0405_0607, low: 0x0809_0a0b_0c0d_0e0f), spanID: SpanID(0xf0f1_f2f3_f4f5_f6f7),
        parentSpanID: SpanID(0x0809_0a0b_0c0d_0e0f), traceState: "a=b", flags: 0x301, name: "op", kind: .client,
        startTime: 1_700_000_000_000_000_001, endTime: 1_700_000_000_000_000_300,
        attributes: [
            Attribute("s", "x"), Attribute("b", false), Attribute("i", -1), Attribute("d", 0.5),
            Attribute("l", .array(["e", 300, .empty])), Attribute("m", .keyValueList([Attribute("n", -2.0)])),
            Attribute("y", .bytes([0x00, 0xff])), Attribute("e", .empty),
        ],
        droppedAttributesCount: 3,
        events: [
            SpanEvent(
                time: 1_700_000_000_000_000_002, name: "ev", attributes: [Attribute("q", .int(.max))], droppedAttributesCount: 4)
        ],
        droppedEventsCount: 5,
        links: [
            SpanLink(
                traceID: TraceID(high: 0x1011_1213_1415_1617, low: 0x1819_1a1b_1c1d_1e1f), spanID: SpanID(0x2021_2223_2425_2627),
                traceState: "c=d", attributes: [Attribute("r", "")], droppedAttributesCount: 6, flags: 0x100)
        ],
        droppedLinksCount: 7, status: .error("bad"))

    /// The same in protobuf.
    static let protobuf = bytes(
        """
        0af4020a1d0a190a0c736572766963652e6e616d6512090a0773c3a46e676572100112c7020a150a036c69621203312e321a070a016b120210012002
        12a2020a10000102030405060708090a0b0c0d0e0f1208f0f1f2f3f4f5f6f71a03613d62220808090a0b0c0d0e0f2a026f7030033901002a36fe9c97
        17412c012a36fe9c97174a080a017312030a01784a070a0162120210004a100a0169120b18ffffffffffffffffff014a0e0a01641209210000000000
        00e03f4a130a016c120e2a0c0a030a01650a0318ac020a004a170a016d121232100a0e0a016e12092100000000000000c04a090a017912043a0200ff
        4a050a0165120050035a200902002a36fe9c9717120265761a0f0a0171120a18ffffffffffffffff7f200460056a310a10101112131415161718191a
        1b1c1d1e1f120820212223242526271a03633d6422070a017212020a002806350001000070077a07120362616418028501010300001a096874747073
        3a2f2f731a0968747470733a2f2f72
        """)

    /// The same in OTLP's JSON.
    static let json = """
        {"resourceSpans":[{"resource":{"attributes":[{"key":"service.name","value":{"stringValue":"sänger"}}],"droppedAttributesCount":1},
        "scopeSpans":[{"scope":{"name":"lib","version":"1.2","attributes":[{"key":"k","value":{"boolValue":true}}],"droppedAttributesCount":2},
        "spans":[{"traceId":"000102030405060708090A0B0C0D0E0F","spanId":"f0f1f2f3f4f5f6f7","traceState":"a=b","parentSpanId":"08090a0b0c0d0e0f",
        "flags":769,"name":"op","kind":3,"startTimeUnixNano":"1700000000000000001","endTimeUnixNano":1700000000000000300,
        "attributes":[{"key":"s","value":{"stringValue":"x"}},{"key":"b","value":{"boolValue":false}},{"key":"i","value":{"intValue":"-1"}},
        {"key":"d","value":{"doubleValue":0.5}},{"key":"l","value":{"arrayValue":{"values":[{"stringValue":"e"},{"intValue":300},{}]}}},
        {"key":"m","value":{"kvlistValue":{"values":[{"key":"n","value":{"doubleValue":-2}}]}}},{"key":"y","value":{"bytesValue":"AP8="}},
        {"key":"e","value":{}}],"droppedAttributesCount":3,
        "events":[{"timeUnixNano":"1700000000000000002","name":"ev","attributes":[{"key":"q","value":{"intValue":"9223372036854775807"}}],
        "droppedAttributesCount":4}],"droppedEventsCount":5,
        "links":[{"traceId":"101112131415161718191a1b1c1d1e1f","spanId":"2021222324252627","traceState":"c=d",
        "attributes":[{"key":"r","value":{"stringValue":""}}],"droppedAttributesCount":6,"flags":256}],"droppedLinksCount":7,
        "status":{"message":"bad","code":2}}],"schemaUrl":"https://s"}],"schemaUrl":"https://r"}]}
        """

    /// Bytes from hex digits; blanks are ignored.
    static func bytes(_ hex: String) -> [UInt8] {
        let digits = hex.utf8.compactMap(Hex.value(of:))
        return stride(from: 0, to: digits.count - 1, by: 2).map { digits[$0] << 4 | digits[$0 + 1] }
    }
}
