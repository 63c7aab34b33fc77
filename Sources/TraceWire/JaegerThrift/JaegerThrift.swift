public import TraceModel

/// Jaeger's spans in Apache Thrift (jaeger-idl, `jaeger.thrift` and `agent.thrift`): what its clients send over UDP and HTTP.
///
/// Times are whole microseconds. Links lose their attributes and trace state, scopes their attributes: the format has no room.
public enum JaegerThrift {
    /// `TagType`; protobuf's `ValueType` has another order.
    enum TagType {
        static let string: Int32 = 0
        static let double: Int32 = 1
        static let bool: Int32 = 2
        static let long: Int32 = 3
        static let binary: Int32 = 4
    }

    /// The method of Jaeger's agent that takes spans.
    static let method = "emitBatch"

    // MARK: Decoding

    /// Reads a datagram of UDP port 6831: the call `emitBatch` in the compact protocol.
    ///
    /// - Parameter maximumElements: how many spans, references, logs and tags it may hold together.
    /// - Throws: ``WireError`` when the bytes are no such message or hold more elements.
    public static func decodeCompactMessage(_ bytes: [UInt8], maximumElements: Int = WireLimit.elements) throws(WireError) -> DecodedSpans {
        try decode(bytes) { cursor throws(WireError) in
            var decoder = JaegerThriftDecoder<CompactThriftReader>(cursor, maximumElements: maximumElements)
            return try decoder.message()
        }
    }

    /// Reads a datagram of UDP port 6832: the call `emitBatch` in the binary protocol, strict or not.
    ///
    /// - Throws: ``WireError``, as for the compact protocol.
    public static func decodeBinaryMessage(_ bytes: [UInt8], maximumElements: Int = WireLimit.elements) throws(WireError) -> DecodedSpans {
        try decode(bytes) { cursor throws(WireError) in
            var decoder = JaegerThriftDecoder<BinaryThriftReader>(cursor, maximumElements: maximumElements)
            return try decoder.message()
        }
    }

    /// Reads the body of a POST to `/api/traces` on port 14268: a bare `Batch` in the binary protocol.
    ///
    /// - Throws: ``WireError``, as for the compact protocol.
    public static func decodeBinaryBatch(_ bytes: [UInt8], maximumElements: Int = WireLimit.elements) throws(WireError) -> DecodedSpans {
        try decode(bytes) { cursor throws(WireError) in
            var decoder = JaegerThriftDecoder<BinaryThriftReader>(cursor, maximumElements: maximumElements)
            return try decoder.batch()
        }
    }

    private static func decode(
        _ bytes: [UInt8], _ body: (ThriftCursor) throws(WireError) -> DecodedSpans
    ) throws(WireError) -> DecodedSpans {
        let result: Result<DecodedSpans, WireError> = bytes.withUnsafeBufferPointer { buffer in
            guard let base = buffer.baseAddress, !buffer.isEmpty else {
                return .failure(WireError(code: .malformed, message: "no bytes; expected a batch of Jaeger spans in Thrift"))
            }
            do throws(WireError) { return .success(try body(ThriftCursor(buffer, base: base))) } catch { return .failure(error) }
        }
        return try result.get()
    }

    // MARK: Encoding

    /// Writes the call `emitBatch` in the compact protocol, for UDP port 6831, whatever its size.
    ///
    /// ``JaegerDatagrams`` keeps to the size of a datagram.
    ///
    /// - Parameters:
    ///   - group: the spans of one process.
    ///   - maximumTagValueLength: Unicode scalars of an attribute's text; longer ones are cut. `nil`: no limit.
    public static func encodeCompactMessage(_ group: ResourceSpans, maximumTagValueLength: Int? = nil) -> [UInt8] {
        let parts = encode(group, CompactThriftWriter.self, maximumTagValueLength)
        return JaegerThriftEncoder<CompactThriftWriter>.message(process: parts.process, spans: parts.spans, count: parts.count)
    }

    /// Writes the call `emitBatch` in the binary protocol (strict), for UDP port 6832.
    public static func encodeBinaryMessage(_ group: ResourceSpans, maximumTagValueLength: Int? = nil) -> [UInt8] {
        let parts = encode(group, BinaryThriftWriter.self, maximumTagValueLength)
        return JaegerThriftEncoder<BinaryThriftWriter>.message(process: parts.process, spans: parts.spans, count: parts.count)
    }

    /// Writes a bare `Batch` in the binary protocol: the body of a POST to `/api/traces` on port 14268.
    public static func encodeBinaryBatch(_ group: ResourceSpans, maximumTagValueLength: Int? = nil) -> [UInt8] {
        let parts = encode(group, BinaryThriftWriter.self, maximumTagValueLength)
        return JaegerThriftEncoder<BinaryThriftWriter>.batch(process: parts.process, spans: parts.spans, count: parts.count)
    }

    private static func encode<Writer: ThriftWriter>(
        _ group: ResourceSpans, _: Writer.Type, _ maximumLength: Int?
    ) -> (process: [UInt8], spans: [UInt8], count: Int) {
        var encoder = JaegerThriftEncoder<Writer>()
        var count = 0
        for scoped in group.scopeSpans {
            for span in scoped.spans { encoder.span(JaegerSpan(span, scope: scoped.scope, maximumValueLength: maximumLength)) }
            count += scoped.spans.count
        }
        let process = JaegerProcess(group.resource, maximumValueLength: maximumLength)
        return (JaegerThriftEncoder<Writer>.encode(process), encoder.writer.bytes, count)
    }
}
