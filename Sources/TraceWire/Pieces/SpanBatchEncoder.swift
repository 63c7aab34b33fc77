internal import JSONCoding
internal import TraceModel

/// Writes the spans of a batch as JSON, one call for each part of it.
protocol SpanBatchEncoder: Sendable {
    var writer: JSONWriter { get set }

    mutating func begin()
    mutating func begin(_ group: ResourceSpans)
    mutating func begin(_ group: ScopeSpans)
    mutating func span(_ span: Span)
    mutating func end(_ group: ScopeSpans)
    mutating func end(_ group: ResourceSpans)
    mutating func end()
}

extension SpanBatchEncoder {
    /// Writes all of a batch.
    mutating func write(_ batch: SpanBatch) {
        begin()
        var walk = SpanBatchWalk(batch)
        _ = walk.advance(&self, size: .max)
        end()
    }
}

/// Goes over the spans of a batch in the order in which they stand, and can stop between two of them.
struct SpanBatchWalk: Sendable {
    private let batch: SpanBatch
    private var group = 0
    private var scope = 0
    private var span = 0
    private var isInGroup = false
    private var isInScope = false

    init(_ batch: SpanBatch) {
        self.batch = batch
    }

    /// Writes until the encoder has so many bytes.
    ///
    /// - Returns: true behind the last span.
    mutating func advance<Encoder: SpanBatchEncoder>(_ encoder: inout Encoder, size: Int) -> Bool {
        while group < batch.resourceSpans.count {
            if !isInGroup { encoder.begin(batch.resourceSpans[group]) }
            isInGroup = true
            while scope < batch.resourceSpans[group].scopeSpans.count {
                let scopeSpans = batch.resourceSpans[group].scopeSpans[scope]
                if !isInScope { encoder.begin(scopeSpans) }
                isInScope = true
                while span < scopeSpans.spans.count {
                    guard encoder.writer.count < size else { return false }
                    encoder.span(scopeSpans.spans[span])
                    span += 1
                }
                encoder.end(scopeSpans)
                scope += 1
                span = 0
                isInScope = false
            }
            encoder.end(batch.resourceSpans[group])
            group += 1
            scope = 0
            isInGroup = false
            // Groups without spans are text, too.
            guard encoder.writer.count < size else { return group == batch.resourceSpans.count }
        }
        return true
    }
}

/// What an encoder writes of a batch, in pieces.
struct SpanBatchPieces<Encoder: SpanBatchEncoder>: PiecewiseText {
    private var encoder: Encoder
    private var walk: SpanBatchWalk
    private var isBegun = false
    private var isEnded = false

    init(_ encoder: Encoder, _ batch: SpanBatch) {
        self.encoder = encoder
        walk = SpanBatchWalk(batch)
    }

    mutating func next(size: Int) -> [UInt8]? {
        if isEnded { return nil }
        if !isBegun { encoder.begin() }
        isBegun = true
        if walk.advance(&encoder, size: max(size, 1)) {
            encoder.end()
            isEnded = true
        }
        return encoder.writer.take()
    }
}
