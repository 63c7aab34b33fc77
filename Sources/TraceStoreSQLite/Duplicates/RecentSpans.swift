internal import Synchronization
internal import TraceModel
internal import TraceStore

/// Remembers spans that came lately, to suspect those that come again: a sender that was not answered in time sends its batch once more.
///
/// A suspicion may be wrong, so the stored spans decide. What came longer ago is not remembered; a span stored twice is still returned once.
final class RecentSpans: Sendable {
    /// Spans remembered; eight bytes each.
    private static let count = 1 << 19

    private let table = Mutex([UInt64](repeating: 0, count: count))

    /// Remembers the spans of a batch.
    ///
    /// - Returns: the traces with a span that seems to have come before.
    func remember(_ batches: [SpanBatch]) -> Set<TraceID> {
        table.withLock { table in
            var suspects: Set<TraceID> = []
            for batch in batches {
                for group in batch.resourceSpans {
                    for scopeSpans in group.scopeSpans {
                        scopeSpans.spans.withUnsafeBufferPointer { spans in
                            // Unsafe: the pointer lives as long as this closure, and spares a copy of each span.
                            guard let first = spans.baseAddress else { return }
                            for index in 0..<spans.count {
                                let mark = Self.mark(first + index)
                                let place = Int(truncatingIfNeeded: mark >> 32) & (Self.count - 1)
                                if table[place] == mark { suspects.insert(first[index].traceID) } else { table[place] = mark }
                            }
                        }
                    }
                }
            }
            return suspects
        }
    }

    /// The times and the kind tell spans apart that share an id by right, as Zipkin's clients and servers do.
    private static func mark(_ span: UnsafePointer<Span>) -> UInt64 {
        var mark = mix(span.pointee.traceID.high, span.pointee.traceID.low)
        mark = mix(mark, span.pointee.spanID.value)
        mark = mix(mark, span.pointee.startTime)
        return mix(mark, span.pointee.endTime ^ UInt64(span.pointee.kind.rawValue) << 60)
    }

    @inline(__always)
    private static func mix(_ mark: UInt64, _ word: UInt64) -> UInt64 {
        let product = (mark ^ word) &* 0x9e37_79b9_7f4a_7c15
        return product ^ product >> 32
    }
}

/// Leaves out spans that are stored already.
struct DuplicateFilter {
    private var traces: [TraceID: TraceAssembler] = [:]

    /// - Parameters:
    ///   - suspects: the traces looked at; spans of others pass.
    ///   - stored: what is stored of them.
    init(_ suspects: Set<TraceID>, stored: [TraceID: StoredTrace]) {
        for id in suspects {
            var assembler = TraceAssembler(id: id)
            if let trace = stored[id] { assembler.add(trace.batch) }
            traces[id] = assembler
        }
    }

    /// The batch without spans that are equal in all their fields, resource and scope to a stored one, or to one before.
    mutating func apply(_ batch: SpanBatch) -> SpanBatch {
        var batch = batch
        for group in batch.resourceSpans.indices {
            let resourceSpans = batch.resourceSpans[group]
            for scope in resourceSpans.scopeSpans.indices {
                let scopeSpans = resourceSpans.scopeSpans[scope]
                batch.resourceSpans[group].scopeSpans[scope].spans.removeAll { span in
                    let count = traces[span.traceID]?.add(
                        CollectionOfOne(span), resource: resourceSpans.resource, resourceSchemaURL: resourceSpans.schemaURL,
                        scope: scopeSpans.scope, scopeSchemaURL: scopeSpans.schemaURL
                    )
                    return count == 0
                }
            }
            batch.resourceSpans[group].scopeSpans.removeAll { $0.spans.isEmpty }
        }
        batch.resourceSpans.removeAll { $0.scopeSpans.isEmpty }
        return batch
    }
}
