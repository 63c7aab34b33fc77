internal import Compression
internal import TraceModel
internal import TraceStore
internal import TraceWire

/// Spans, encoded and compressed, with what their summary needs: made by the appending task, written by the writer.
struct PreparedBlock: Sendable {
    /// OTLP protobuf (`ExportTraceServiceRequest`) in a zstd frame: the only encoding so far.
    static let encoding: Int64 = 1
    /// The fewest spans whose digest takes longer than the way to another thread.
    private static let minimumParallelSpanCount = 500

    let digest: BlockDigest
    /// Bytes before compression.
    let rawSize: Int
    let data: [UInt8]

    /// - Parameters:
    ///   - bytes: the block, not compressed. Protobuf messages of one type written one after the other are one message, and so are blocks.
    ///   - spanCount: about how many spans it has.
    /// - Throws: `.corrupt` when the bytes are no whole message.
    init(_ bytes: [UInt8], spanCount: Int, compressionLevel: Int32) throws {
        rawSize = bytes.count
        guard spanCount >= Self.minimumParallelSpanCount else {
            digest = try BlockDigest(bytes, spanCount: spanCount)
            data = Zstd.compress(bytes, level: compressionLevel)
            return
        }
        var known: BlockDigest?
        data = try mapInParallel([bytes], beside: { known = try BlockDigest(bytes, spanCount: spanCount) }) { bytes in
            Zstd.compress(bytes, level: compressionLevel)
        }[0]
        digest = try known ?? BlockDigest(bytes, spanCount: spanCount)
    }

    /// What a stored block has for the lists of attributes; `nil` when it is damaged.
    static func attributes(ofStored data: [UInt8], rawSize: Int, spanCount: Int) -> [AttributeSummary]? {
        guard let bytes = try? Zstd.decompress(data, maximumSize: rawSize) else { return nil }
        return try? BlockDigest(bytes, spanCount: spanCount).attributes
    }

    /// As few blocks as the limits of spans and bytes allow; none without spans.
    static func blocks(of batches: [SpanBatch], limits: BlockLimits, compressionLevel: Int32) throws -> [PreparedBlock] {
        var blocks: [PreparedBlock] = []
        for chunk in chunks(of: batches, maximumSpanCount: limits.spanCount) {
            try append(chunk, to: &blocks, limits: limits, compressionLevel: compressionLevel)
        }
        return blocks
    }

    /// Halves a batch until each part is within the limit of bytes, or is one span.
    private static func append(
        _ batch: SpanBatch, to blocks: inout [PreparedBlock], limits: BlockLimits, compressionLevel: Int32
    ) throws {
        let bytes = OTLPProtobuf.encode(batch)
        let spanCount = batch.spanCount
        if bytes.count <= limits.rawSize || spanCount <= 1 {
            blocks.append(try PreparedBlock(bytes, spanCount: spanCount, compressionLevel: compressionLevel))
        } else {
            for half in chunks(of: [batch], maximumSpanCount: (spanCount + 1) / 2) {
                try append(half, to: &blocks, limits: limits, compressionLevel: compressionLevel)
            }
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
}

/// The size of a block: large ones compress better, small ones are read faster.
struct BlockLimits: Sendable {
    var spanCount: Int
    /// Bytes before compression; one span may be larger.
    var rawSize: Int
}
