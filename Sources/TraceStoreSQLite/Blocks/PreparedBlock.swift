internal import Compression
internal import TraceModel
internal import TraceWire

/// Spans, encoded and compressed, with what their summary needs: made by the appending task, written by the writer.
struct PreparedBlock: Sendable {
    /// The fewest spans that are worth a filter: blocks of fewer are merged soon.
    static let minimumFilterSpanCount = 129

    var spanCount = 0
    var minimumStart = UInt64.max
    var maximumStart: UInt64 = 0
    var maximumDuration: UInt64 = 0
    var rawSize = 0
    var marks = BlockSummary.Marks.none
    var operations: [OperationKey] = []
    var traces: [UInt32] = []
    /// Empty without one.
    var filter: [UInt8] = []
    /// What the partition's lists of keys and values do not have yet.
    var attributes: [AttributeSummary] = []
    var data: [UInt8] = []

    /// OTLP protobuf (`ExportTraceServiceRequest`) in a zstd frame: the only encoding so far.
    static let encoding: Int64 = 1

    /// One block of all these spans.
    init(_ batch: SpanBatch, compressionLevel: Int32) {
        var collector = AttributeCollector(spanCount: batch.spanCount)
        for resourceSpans in batch.resourceSpans {
            summarize(resourceSpans)
            collector.add(resourceSpans)
        }
        traces.sortAndUnique()
        attributes = collector.summaries()
        if spanCount >= Self.minimumFilterSpanCount { filter = collector.filter() }
        let bytes = OTLPProtobuf.encode(batch)
        rawSize = bytes.count
        data = Zstd.compress(bytes, level: compressionLevel)
    }

    /// One block of several.
    ///
    /// - Parameter bytes: theirs, decompressed, one after the other: protobuf messages of one type written so are one message.
    init(merging blocks: [BlockSummary], _ bytes: [UInt8], compressionLevel: Int32) throws {
        for block in blocks {
            spanCount += block.spanCount
            minimumStart = min(minimumStart, block.minimumStart)
            maximumStart = max(maximumStart, block.maximumStart)
            maximumDuration = max(maximumDuration, block.maximumDuration)
            marks.formUnion(block.marks)
            traces += block.traces
        }
        traces.sortAndUnique()
        if spanCount >= Self.minimumFilterSpanCount {
            var collector = AttributeCollector(spanCount: spanCount)
            for resourceSpans in try OTLPProtobuf.decode(bytes).batch.resourceSpans { collector.add(resourceSpans) }
            filter = collector.filter()
        }
        rawSize = bytes.count
        data = Zstd.compress(bytes, level: compressionLevel)
    }

    /// What a stored block has for the lists of attributes; `nil` when it is damaged.
    static func attributes(ofStored data: [UInt8], rawSize: Int) -> [AttributeSummary]? {
        guard let bytes = try? Zstd.decompress(data, maximumSize: rawSize), let batch = try? OTLPProtobuf.decode(bytes).batch else { return nil }
        var collector = AttributeCollector(spanCount: batch.spanCount)
        for resourceSpans in batch.resourceSpans { collector.add(resourceSpans) }
        return collector.summaries()
    }

    /// As few blocks as the limits of spans and bytes allow; none without spans.
    static func blocks(of batches: [SpanBatch], limits: BlockLimits, compressionLevel: Int32) -> [PreparedBlock] {
        chunks(of: batches, maximumSpanCount: limits.spanCount).flatMap { chunk in
            fitting(chunk, limits: limits, compressionLevel: compressionLevel)
        }
    }

    /// Halves a batch until each part is within the limit of bytes, or is one span.
    private static func fitting(_ batch: SpanBatch, limits: BlockLimits, compressionLevel: Int32) -> [PreparedBlock] {
        let block = PreparedBlock(batch, compressionLevel: compressionLevel)
        guard block.rawSize > limits.rawSize, block.spanCount > 1 else { return [block] }
        return chunks(of: [batch], maximumSpanCount: (block.spanCount + 1) / 2).flatMap { chunk in
            fitting(chunk, limits: limits, compressionLevel: compressionLevel)
        }
    }

    static func chunks(of batches: [SpanBatch], maximumSpanCount: Int) -> [SpanBatch] {
        var chunks: [SpanBatch] = []
        var chunk = SpanBatch()
        var room = maximumSpanCount
        for resourceSpans in batches.lazy.flatMap(\.resourceSpans) {
            var startsResource = true
            for scopeSpans in resourceSpans.scopeSpans {
                var rest = scopeSpans.spans[...]
                while !rest.isEmpty {
                    if room == 0 {
                        chunks.append(chunk)
                        (chunk, room, startsResource) = (SpanBatch(), maximumSpanCount, true)
                    }
                    if startsResource {
                        chunk.resourceSpans.append(ResourceSpans(resource: resourceSpans.resource, schemaURL: resourceSpans.schemaURL))
                        startsResource = false
                    }
                    let part = rest.prefix(room)
                    rest = rest.dropFirst(part.count)
                    room -= part.count
                    // The whole list when it fits: no copy is made.
                    let spans = part.count == scopeSpans.spans.count ? scopeSpans.spans : Array(part)
                    chunk.resourceSpans[chunk.resourceSpans.count - 1].scopeSpans.append(
                        ScopeSpans(scope: scopeSpans.scope, schemaURL: scopeSpans.schemaURL, spans: spans)
                    )
                }
            }
        }
        if !chunk.resourceSpans.isEmpty { chunks.append(chunk) }
        return chunks
    }

    private mutating func summarize(_ group: ResourceSpans) {
        // One bit for each kind that the name occurs as.
        var kinds: [String: UInt8] = [:]
        for scopeSpans in group.scopeSpans {
            spanCount += scopeSpans.spans.count
            for span in scopeSpans.spans {
                minimumStart = min(minimumStart, span.startTime)
                maximumStart = max(maximumStart, span.startTime)
                maximumDuration = max(maximumDuration, span.duration)
                marks.insert(span)
                let fingerprint = BlockSummary.fingerprint(span.traceID)
                if traces.last != fingerprint { traces.append(fingerprint) }
                kinds[span.name, default: 0] |= 1 << span.kind.rawValue
            }
        }
        let service = group.resource.serviceName
        for (name, bits) in kinds {
            for kind in SpanKind.allCases where bits & 1 << kind.rawValue != 0 {
                operations.append(OperationKey(service: service, name: name, kind: kind))
            }
        }
    }
}

/// The size of a block: large ones compress better, small ones are read faster.
struct BlockLimits: Sendable {
    var spanCount: Int
    /// Bytes before compression; one span may be larger.
    var rawSize: Int
}
