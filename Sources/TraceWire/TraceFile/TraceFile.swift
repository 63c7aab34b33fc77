internal import Compression
public import TraceModel

/// The spans of a file, in whichever of the known formats it is written (``TraceFileFormat``): the content tells it.
public struct TraceFile: Sendable {
    /// What is to be known beside the content, and the bounds.
    public struct Options: Hashable, Sendable {
        /// When the file was written, in nanoseconds since the Unix epoch, for formats whose times do not say (``TritonTraceFile``).
        public var lastModified: UInt64?
        /// Bytes after decompression.
        public var maximumSize: Int
        /// Spans, events, links and attributes that one document may hold together.
        public var maximumElements: Int

        public init(lastModified: UInt64? = nil, maximumSize: Int = WireLimit.fileSize, maximumElements: Int = WireLimit.fileElements) {
            self.lastModified = lastModified
            self.maximumSize = maximumSize
            self.maximumElements = maximumElements
        }
    }

    public private(set) var format: TraceFileFormat
    /// The spans with valid ids.
    public private(set) var batch = SpanBatch()
    /// Spans, or entries of Triton's file, that were left out.
    public private(set) var rejectedSpanCount = 0
    /// Lines or messages that could not be read at all.
    public private(set) var unreadablePartCount = 0
    /// Why something was left out, naming the first; empty when nothing was.
    public private(set) var rejectionMessage = ""

    /// Reads a file.
    ///
    /// In a file of many documents, one that cannot be read is counted and the others are kept, as when the program that wrote it was
    /// killed in the middle of a line.
    ///
    /// - Throws: ``WireError`` when the format is not known, or nothing of the file can be read; the message names byte or line.
    public init(reading bytes: [UInt8], options: Options = Options()) throws(WireError) {
        let plain = try Self.decompressed(bytes, options)
        format = try Self.detect(plain)
        switch format {
        case .triton: add(try TritonTraceFile.decode(plain, lastModified: options.lastModified, maximumElements: options.maximumElements))
        case .otlpProtobuf: try readMessages(plain, options)
        default: try readDocuments(plain, options)
        }
    }

    // MARK: What was read

    /// The traces, in the order in which they first appear.
    public var traceIDs: [TraceID] {
        var seen: Set<TraceID> = []
        var ids: [TraceID] = []
        for group in batch.resourceSpans {
            for scoped in group.scopeSpans {
                for span in scoped.spans where seen.insert(span.traceID).inserted { ids.append(span.traceID) }
            }
        }
        return ids
    }

    /// The spans in batches of a size that a store takes at once.
    ///
    /// - Parameter maximum: spans in one batch; at least one.
    public func batches(ofAtMost maximum: Int) -> [SpanBatch] {
        let maximum = max(1, maximum)
        var batches: [SpanBatch] = []
        var current = SpanBatch()
        var room = maximum
        for group in batch.resourceSpans {
            for scoped in group.scopeSpans {
                var rest = scoped.spans[...]
                while !rest.isEmpty {
                    let part = rest.prefix(room)
                    rest = rest.dropFirst(part.count)
                    room -= part.count
                    current.resourceSpans.append(
                        ResourceSpans(
                            resource: group.resource, schemaURL: group.schemaURL,
                            scopeSpans: [ScopeSpans(scope: scoped.scope, schemaURL: scoped.schemaURL, spans: Array(part))]))
                    guard room == 0 else { continue }
                    batches.append(current)
                    (current, room) = (SpanBatch(), maximum)
                }
            }
        }
        if !current.resourceSpans.isEmpty { batches.append(current) }
        return batches
    }

    // MARK: Documents

    private mutating func readDocuments(_ bytes: [UInt8], _ options: Options) throws(WireError) {
        let documents = JSONDocuments(bytes)
        let isOnlyOne = documents.ranges.count == 1
        var firstError: WireError?
        var hasRead = false
        for range in documents.ranges {
            do throws(WireError) {
                add(try decode(isOnlyOne && range.count == bytes.count ? bytes : Array(bytes[range]), options))
                hasRead = true
            } catch {
                let line = documents.line(of: range.lowerBound)
                let located = WireError(code: error.code, message: isOnlyOne ? error.message : "line \(line): \(error.message) of that line")
                // A bound is for the whole file.
                if error.code == .tooLarge { throw located }
                firstError = firstError ?? located
                unreadablePartCount += 1
                tell(located.message)
            }
        }
        if !hasRead, let firstError { throw firstError }
    }

    private func decode(_ document: [UInt8], _ options: Options) throws(WireError) -> DecodedSpans {
        switch format {
        case .jaegerJSON: try JaegerJSON.decode(document, maximumElements: options.maximumElements)
        case .zipkinJSON, .zipkinV1JSON:
            try ZipkinJSON.decodeStored(document, isVersion1: format == .zipkinV1JSON, maximumElements: options.maximumElements)
        case .spanLines: try OTLPJSON.decodeLine(document, maximumElements: options.maximumElements)
        default: try OTLPJSON.decodeStored(document, maximumElements: options.maximumElements)
        }
    }

    /// One request, or requests behind their lengths.
    private mutating func readMessages(_ bytes: [UInt8], _ options: Options) throws(WireError) {
        guard LengthPrefixed.begins(bytes) else {
            return add(try OTLPProtobuf.decode(bytes, maximumElements: options.maximumElements))
        }
        var messages = LengthPrefixed(bytes)
        var firstError: WireError?
        var hasRead = false
        while let range = messages.next() {
            do throws(WireError) {
                let message = try Self.decompressed(Array(bytes[range]), options)
                // The exporter's JSON is written this way too when it is compressed.
                let isJSON = message.first == UInt8(ascii: "{")
                add(
                    try isJSON
                        ? OTLPJSON.decodeStored(message, maximumElements: options.maximumElements)
                        : OTLPProtobuf.decode(message, maximumElements: options.maximumElements))
                hasRead = true
            } catch {
                let located = WireError(code: error.code, message: "the message at byte \(range.lowerBound) of the file: \(error.message)")
                if error.code == .tooLarge { throw located }
                firstError = firstError ?? located
                unreadablePartCount += 1
                tell(located.message)
            }
        }
        if let end = messages.brokenEnd {
            unreadablePartCount += 1
            tell("the message at byte \(end) of the file ends too early, after \(bytes.count - end) bytes")
        }
        if !hasRead, let firstError { throw firstError }
    }

    private mutating func add(_ decoded: DecodedSpans) {
        for group in decoded.batch.resourceSpans { add(group) }
        rejectedSpanCount += decoded.rejectedSpanCount
        tell(decoded.rejectionMessage)
    }

    /// Spans that come one by one join the group before them.
    private mutating func add(_ group: ResourceSpans) {
        guard let last = batch.resourceSpans.indices.last, group.scopeSpans.count == 1,
            let lastScope = batch.resourceSpans[last].scopeSpans.indices.last,
            batch.resourceSpans[last].schemaURL == group.schemaURL,
            batch.resourceSpans[last].scopeSpans[lastScope].schemaURL == group.scopeSpans[0].schemaURL,
            batch.resourceSpans[last].scopeSpans[lastScope].scope == group.scopeSpans[0].scope, batch.resourceSpans[last].resource == group.resource
        else { return batch.resourceSpans.append(group) }
        batch.resourceSpans[last].scopeSpans[lastScope].spans += group.scopeSpans[0].spans
    }

    private mutating func tell(_ message: String) {
        if rejectionMessage.isEmpty { rejectionMessage = message }
    }

    // MARK: Compression

    private static func decompressed(_ bytes: [UInt8], _ options: Options) throws(WireError) -> [UInt8] {
        do throws(CompressionError) {
            if bytes.starts(with: [0x1f, 0x8b]) { return try Gzip.decompress(bytes, maximumSize: options.maximumSize) }
            if bytes.starts(with: [0x28, 0xb5, 0x2f, 0xfd]) { return try Zstd.decompress(bytes, maximumSize: options.maximumSize) }
        } catch {
            throw WireError(code: error.code == .tooLarge ? .tooLarge : .malformed, message: "the file cannot be decompressed: \(error)")
        }
        guard bytes.count <= options.maximumSize else {
            throw WireError(code: .tooLarge, message: "the file has \(bytes.count) bytes, more than the \(options.maximumSize) that are read at once")
        }
        return bytes
    }
}
