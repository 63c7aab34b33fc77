internal import JSONCoding
public import TraceModel

/// Traces as Zipkin's JSON: the body of `POST /api/v2/spans` (zipkin-api, `zipkin2-api.yaml`).
///
/// The mapping is that of the OpenTelemetry specification, "OpenTelemetry to Zipkin Transformation". What it leaves open
/// (links, trace state, resource) follows the OpenTelemetry Collector, so that either side understands the other.
public enum ZipkinJSON {
    /// Reads a list of spans, `[Span]`, grouped by resource and scope.
    ///
    /// - A trace id of 16 digits is extended with zeros.
    /// - Tags of the resource's semantic conventions move to the resource, `otel.scope.…` to the scope, `otel.status_code` and
    ///   `error` to the status; all others become attributes: strings, but for keys whose convention has another type.
    /// - The server's half of a shared span keeps its id and gets the attribute `zipkin.shared`. Two spans of a trace may
    ///   therefore have one id; they differ in kind and service.
    /// - A span without valid ids or times is left out alone and counted.
    ///
    /// - Parameter maximumElements: how many spans, annotations and tags it may hold together.
    /// - Throws: ``WireError`` when the bytes are no JSON list or hold more elements.
    public static func decode(_ bytes: [UInt8], maximumElements: Int = WireLimit.elements) throws(WireError) -> DecodedSpans {
        try read(bytes) { reader in
            var decoder = ZipkinJSONDecoder(maximumElements: maximumElements)
            return try decoder.decode(&reader)
        }
    }

    /// Reads a list of spans of version 1: the body of `POST /api/v1/spans` (zipkin-api, `zipkin-api.yaml`).
    ///
    /// The annotations `cs`, `cr`, `sr`, `ss`, `ms` and `mr` become kind and times, `sa`, `ca` and `ma` the other side's address. A span
    /// that a client and its server reported together becomes two. Otherwise as ``decode(_:maximumElements:)``.
    ///
    /// - Parameter maximumElements: how many spans and annotations it may hold together.
    /// - Throws: ``WireError`` when the bytes are no JSON list or hold more elements.
    public static func decodeV1(_ bytes: [UInt8], maximumElements: Int = WireLimit.elements) throws(WireError) -> DecodedSpans {
        try read(bytes) { reader in
            var decoder = ZipkinJSONDecoder(maximumElements: maximumElements)
            return try decoder.decodeV1(&reader)
        }
    }

    /// Reads a list of spans, or a list of traces, each a list of spans, as Zipkin's search answers.
    ///
    /// - Throws: ``WireError``, as for a request.
    static func decodeStored(_ bytes: [UInt8], isVersion1: Bool, maximumElements: Int) throws(WireError) -> DecodedSpans {
        try read(bytes) { reader in
            var decoder = ZipkinJSONDecoder(maximumElements: maximumElements, acceptsTraces: true)
            return isVersion1 ? try decoder.decodeV1(&reader) : try decoder.decode(&reader)
        }
    }

    /// How the encoder writes what the spans do not say.
    public struct EncodingOptions: Hashable, Sendable {
        /// `localEndpoint.ipv4`, dotted decimal.
        public var localIPv4: String?
        /// `localEndpoint.ipv6`.
        public var localIPv6: String?
        /// `localEndpoint.port`.
        public var localPort: UInt16?
        /// Characters of a tag's value and of the strings of an annotation; longer ones are cut, lists after a whole element.
        /// Numbers, the status and links are never cut. `nil`: no limit.
        public var maximumTagValueLength: Int?
        /// Spans that came from Zipkin's own clients are written as they came: their endpoints out of the attributes that keep them,
        /// ids of 16 digits, and no tags of OpenTelemetry's.
        public var restoresZipkin: Bool

        public init(
            localIPv4: String? = nil, localIPv6: String? = nil, localPort: UInt16? = nil, maximumTagValueLength: Int? = nil,
            restoresZipkin: Bool = false
        ) {
            self.restoresZipkin = restoresZipkin
            self.localIPv4 = localIPv4
            self.localIPv6 = localIPv6
            self.localPort = localPort
            self.maximumTagValueLength = maximumTagValueLength
        }
    }

    /// Writes a list of spans, `[Span]`.
    ///
    /// Times lose what is below a microsecond. Values that are no strings become text, lists and events' attributes JSON.
    /// Attributes of the resource stand among the tags of each span; where both have a key, the span's counts.
    public static func encode(_ batch: SpanBatch, options: EncodingOptions = EncodingOptions()) -> [UInt8] {
        let writer = JSONWriter(reserving: 64 + batch.spanCount * ZipkinJSONEncoder.expectedSpanSize)
        var encoder = ZipkinJSONEncoder(writer: writer, options: options)
        encoder.write(batch)
        return encoder.writer.finish()
    }

    /// What ``encode(_:options:)`` writes, in pieces.
    public static func pieces(of batch: SpanBatch, options: EncodingOptions = EncodingOptions()) -> some PiecewiseText {
        SpanBatchPieces(ZipkinJSONEncoder(writer: JSONWriter(), options: options), batch)
    }

    /// Deep enough for the way to a tag that breaks the rules with a list of values.
    private static let maximumJSONDepth = WireLimit.valueDepth + 8

    static func read<R>(_ bytes: [UInt8], _ body: (inout JSONReader) throws -> R) throws(WireError) -> R {
        do {
            return try JSONReader.read(bytes, maximumDepth: maximumJSONDepth, body)
        } catch let error as WireError {
            throw error
        } catch let error as JSONError {
            throw WireError(
                code: error.code == .tooDeep ? .tooDeep : .malformed,
                message: "malformed Zipkin JSON at byte \(error.offset): \(error.message)")
        } catch {
            throw WireError(code: .malformed, message: "malformed Zipkin JSON: \(error)")
        }
    }
}

extension ZipkinJSON {
    /// The attributes that ``remoteServiceName(of:)`` looks at.
    public static let remoteNameKeys = ZipkinPeer.nameKeys

    /// What the span calls the other side of its call: `remoteEndpoint.serviceName`.
    ///
    /// A span of any kind may have `peer.service`; for clients and producers other attributes count, too.
    public static func remoteServiceName(of span: Span) -> String? {
        if case .string(let name)? = span.attributes[ZipkinTag.peerService], !name.isEmpty { return name }
        let name = ZipkinPeer.endpoint(of: span).serviceName
        return name.isEmpty ? nil : name
    }
}
