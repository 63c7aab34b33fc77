public import JSONCoding
public import TraceModel

/// OTLP traces as JSON: the body of OTLP/HTTP `application/json` (OTLP specification, "JSON Protobuf Encoding").
public enum OTLPJSON {
    /// Reads an `ExportTraceServiceRequest`.
    ///
    /// - Parameter maximumElements: how many spans, events, links and attributes it may hold together.
    /// - Throws: ``WireError`` when the bytes are no such JSON, hold more elements, or nest an attribute deeper than
    ///   ``WireLimit/valueDepth``.
    public static func decode(_ bytes: [UInt8], maximumElements: Int = WireLimit.elements) throws(WireError) -> DecodedSpans {
        try read(bytes) { reader in
            var decoder = OTLPJSONDecoder(maximumElements: maximumElements)
            return try decoder.decode(&reader)
        }
    }

    /// Reads what programs store or answer: a request, a list of requests, Jaeger's `{"result":…}`, Tempo's `{"batches":…}` and
    /// `{"trace":…}`, whose ids are base64.
    ///
    /// - Throws: ``WireError``, as for a request.
    static func decodeStored(_ bytes: [UInt8], maximumElements: Int) throws(WireError) -> DecodedSpans {
        try read(bytes) { reader in
            var decoder = OTLPJSONDecoder(maximumElements: maximumElements, isStored: true)
            return try decoder.decode(&reader)
        }
    }

    /// Reads a line of ``encodeLine(_:resource:scope:)``.
    ///
    /// - Throws: ``WireError``, as for a request.
    static func decodeLine(_ bytes: [UInt8], maximumElements: Int) throws(WireError) -> DecodedSpans {
        try read(bytes) { reader in
            var decoder = OTLPJSONDecoder(maximumElements: maximumElements, isStored: true)
            return try decoder.decodeLine(&reader)
        }
    }

    /// How ids, enums and the list of resources are written.
    public enum Style: Hashable, Sendable {
        /// The OTLP specification's: hexadecimal ids, numbers for enums.
        case otlp
        /// Protobuf's own JSON mapping: base64 ids, names for enums.
        case protobufJSON
        /// As ``protobufJSON``, with the list called `batches`: Grafana Tempo's `/api/traces`.
        case tempo
    }

    /// Writes an `ExportTraceServiceRequest`.
    public static func encode(_ batch: SpanBatch, style: Style = .otlp) -> [UInt8] {
        let writer = JSONWriter(reserving: 512 + batch.spanCount * OTLPJSONEncoder.expectedSpanSize)
        var encoder = OTLPJSONEncoder(writer: writer, style: style)
        encoder.write(batch)
        return encoder.writer.finish()
    }

    /// What ``encode(_:style:)`` writes, in pieces.
    public static func pieces(of batch: SpanBatch, style: Style = .otlp) -> some PiecewiseText {
        SpanBatchPieces(OTLPJSONEncoder(writer: JSONWriter(), style: style), batch)
    }

    /// Writes an `AnyValue`: one member of `{"stringValue","boolValue","intValue","doubleValue","arrayValue","kvlistValue","bytesValue"}`.
    public static func write(_ value: AttributeValue, to writer: inout JSONWriter) {
        var encoder = OTLPJSONEncoder(writer: JSONWriter())
        swap(&encoder.writer, &writer)
        encoder.anyValue(value)
        swap(&encoder.writer, &writer)
    }

    /// Writes one span as a line of JSON with a line break: the members of OTLP's `Span`, with `resource` and `scope` before them.
    public static func encodeLine(_ span: Span, resource: Resource, scope: InstrumentationScope) -> [UInt8] {
        var encoder = OTLPJSONEncoder(writer: JSONWriter(reserving: OTLPJSONEncoder.expectedSpanSize))
        encoder.span(span, resource: resource, scope: scope)
        var line = encoder.writer.finish()
        line.append(UInt8(ascii: "\n"))
        return line
    }

    /// Writes an `ExportTraceServiceResponse`: `{}` for full success.
    ///
    /// - Parameter message: why spans were rejected; with `rejectedSpans` 0 it is a warning.
    public static func encodeExportResponse(rejectedSpans: Int, message: String) -> [UInt8] {
        var writer = JSONWriter()
        writer.beginObject()
        if rejectedSpans != 0 || !message.isEmpty {
            writer.key("partialSuccess")
            writer.beginObject()
            if rejectedSpans != 0 {
                writer.key("rejectedSpans")
                writer.quotedInt(Int64(rejectedSpans))
            }
            if !message.isEmpty {
                writer.key("errorMessage")
                writer.string(message)
            }
            writer.endObject()
        }
        writer.endObject()
        return writer.finish()
    }

    /// Reads an `ExportTraceServiceResponse`.
    ///
    /// - Throws: ``WireError`` when the bytes are no such JSON.
    public static func decodeExportResponse(_ bytes: [UInt8]) throws(WireError) -> (rejectedSpans: Int64, message: String) {
        if bytes.isEmpty { return (0, "") }
        return try read(bytes) { reader in
            var response: (rejectedSpans: Int64, message: String) = (0, "")
            try reader.beginObject()
            while let key = try reader.nextKey() {
                if try reader.readNull() { continue }
                guard key == "partialSuccess" else {
                    try reader.skip()
                    continue
                }
                try reader.beginObject()
                while let key = try reader.nextKey() {
                    if try reader.readNull() { continue }
                    switch key {
                    case "rejectedSpans": response.rejectedSpans = try OTLPJSONDecoder.int64(&reader)
                    case "errorMessage": response.message = try reader.readString()
                    default: try reader.skip()
                    }
                }
            }
            return response
        }
    }

    /// Writes a `google.rpc.Status`, the body of an error answer: `{"code":3,"message":"…"}`.
    ///
    /// - Parameter code: a code of `google.rpc.Code`, 3 for an invalid argument.
    public static func encodeStatus(code: Int32, message: String) -> [UInt8] {
        var writer = JSONWriter()
        writer.beginObject()
        writer.key("code")
        writer.int(Int64(code))
        writer.key("message")
        writer.string(message)
        writer.endObject()
        return writer.finish()
    }

    private static func read<R>(_ bytes: [UInt8], _ body: (inout JSONReader) throws -> R) throws(WireError) -> R {
        do {
            return try JSONReader.read(bytes, maximumDepth: OTLPJSONDecoder.maximumJSONDepth, body)
        } catch let error as WireError {
            throw error
        } catch let error as JSONError {
            throw WireError(
                code: error.code == .tooDeep ? .tooDeep : .malformed,
                message: "malformed OTLP JSON at byte \(error.offset): \(error.message)")
        } catch {
            throw WireError(code: .malformed, message: "malformed OTLP JSON: \(error)")
        }
    }
}
