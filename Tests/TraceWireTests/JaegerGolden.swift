import TraceModel
@testable import TraceWire

/// One batch in Jaeger's wire formats, as Apache Thrift's Python library writes it with Jaeger's schema.
enum JaegerGolden {
    static let process = JaegerProcess(serviceName: "svc-a", tags: [Attribute("hostname", "h1")])

    static let span = JaegerSpan(
        traceID: TraceID(high: 0x0102_0304_0506_0708, low: 0x1122_3344_5566_7788), spanID: SpanID(0x0a0b_0c0d_0e0f_1011), name: "op",
        references: [JaegerReference(isChild: false, traceID: TraceID(high: 0, low: 1), spanID: SpanID(2))], flags: 1,
        startTime: 1_700_000_000_000_000_000, duration: 1_500_000,
        tags: [
            Attribute("span.kind", "server"), Attribute("d", 1.5), Attribute("error", true), Attribute("n", -7),
            Attribute("b", .bytes([0x00, 0xff])),
        ],
        logs: [JaegerLog(time: 1_700_000_000_000_500_000, fields: [Attribute("event", "tok")])])

    /// What the batch says.
    static let batch = SpanBatch(
        resource: Resource(attributes: [Attribute("service.name", "svc-a"), Attribute("host.name", "h1")]), scope: InstrumentationScope(),
        spans: [
            Span(
                traceID: TraceID(high: 0x0102_0304_0506_0708, low: 0x1122_3344_5566_7788), spanID: SpanID(0x0a0b_0c0d_0e0f_1011), flags: 1,
                name: "op", kind: .server, startTime: 1_700_000_000_000_000_000, endTime: 1_700_000_000_001_500_000,
                attributes: [Attribute("d", 1.5), Attribute("n", -7), Attribute("b", .bytes([0x00, 0xff]))],
                events: [SpanEvent(time: 1_700_000_000_000_500_000, name: "tok")],
                links: [SpanLink(traceID: TraceID(high: 0, low: 1), spanID: SpanID(2))], status: SpanStatus(code: .error))
        ])

    /// UDP 6831.
    static let compactMessage = FullSpan.bytes(
        """
        82810009656d697442617463681c1c18057376632d61191c1808686f73746e616d651500180268310000191c1690deb3d68ad199a22216909cb0d080
        c181820216a2c0f8e0a183868b14160018026f70191c1502160216001604001502168080f2818389850616b817195c18097370616e2e6b696e641500
        180673657276657200180164150227000000000000f83f0018056572726f721504310018016e1506460d001801621508580200ff00191c16e887f281
        83898506191c18056576656e7415001803746f6b0000000000
        """)

    /// UDP 6832, strict.
    static let binaryMessage = FullSpan.bytes("8001000400000009656d69744261746368000000000c0001") + binaryBatch + [0]

    /// UDP 6832, the form without version: name, kind, number.
    static let oldBinaryMessage = FullSpan.bytes("00000009656d697442617463680400000000 0c0001") + binaryBatch + [0]

    /// HTTP 14268.
    static let binaryBatch = FullSpan.bytes(
        """
        0c00010b0001000000057376632d610f00020c000000010b000100000008686f73746e616d65080002000000000b000300000002683100000f00020c
        000000010a000111223344556677880a000201020304050607080a00030a0b0c0d0e0f10110a000400000000000000000b0005000000026f700f0006
        0c00000001080001000000010a000200000000000000010a000300000000000000000a0004000000000000000200080007000000010a000800060a24
        181e40000a000900000000000005dc0f000a0c000000050b0001000000097370616e2e6b696e64080002000000000b00030000000673657276657200
        0b00010000000164080002000000010400043ff8000000000000000b0001000000056572726f720800020000000202000501000b0001000000016e08
        0002000000030a0006fffffffffffffff9000b00010000000162080002000000040b00070000000200ff000f000b0c000000010a000100060a24181e
        41f40f00020c000000010b0001000000056576656e74080002000000000b000300000003746f6b00000000
        """)
}

/// Jaeger's wire formats.
enum JaegerForm: String, CaseIterable {
    case compact, binary, bareBinary, protobuf

    static let thrift: [JaegerForm] = [.compact, .binary, .bareBinary]

    /// Nanoseconds that are told apart.
    var precision: UInt64 { self == .protobuf ? 1 : 1000 }

    func decode(_ bytes: [UInt8], maximumElements: Int = WireLimit.elements) throws -> DecodedSpans {
        switch self {
        case .compact: try JaegerThrift.decodeCompactMessage(bytes, maximumElements: maximumElements)
        case .binary: try JaegerThrift.decodeBinaryMessage(bytes, maximumElements: maximumElements)
        case .bareBinary: try JaegerThrift.decodeBinaryBatch(bytes, maximumElements: maximumElements)
        case .protobuf: try JaegerProtobuf.decodePostSpansRequest(bytes, maximumElements: maximumElements)
        }
    }

    func encode(_ group: ResourceSpans, _ maximumTagValueLength: Int? = nil) -> [UInt8] {
        switch self {
        case .compact: JaegerThrift.encodeCompactMessage(group, maximumTagValueLength: maximumTagValueLength)
        case .binary: JaegerThrift.encodeBinaryMessage(group, maximumTagValueLength: maximumTagValueLength)
        case .bareBinary: JaegerThrift.encodeBinaryBatch(group, maximumTagValueLength: maximumTagValueLength)
        case .protobuf: JaegerProtobuf.encodePostSpansRequest(group, maximumTagValueLength: maximumTagValueLength)
        }
    }
}
