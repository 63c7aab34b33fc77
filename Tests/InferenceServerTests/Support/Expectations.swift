import Compression
import Testing
import TraceModel

/// Each event lies within its span, and they come in order.
func expectOrdered(_ span: Span, sourceLocation: SourceLocation = #_sourceLocation) throws {
    #expect(span.startTime <= span.endTime, sourceLocation: sourceLocation)
    var last = span.startTime
    for event in span.events {
        #expect(event.time >= last, "\(span.name): \(event.name)", sourceLocation: sourceLocation)
        #expect(event.time <= span.endTime, "\(span.name): \(event.name)", sourceLocation: sourceLocation)
        last = event.time
    }
}

/// Parents are there, and children lie within them.
func expectNested(_ spans: [Span], sourceLocation: SourceLocation = #_sourceLocation) throws {
    let byID = Dictionary(uniqueKeysWithValues: spans.map { ($0.spanID, $0) })
    for span in spans {
        try expectOrdered(span, sourceLocation: sourceLocation)
        guard let id = span.parentSpanID, let parent = byID[id] else { continue }
        #expect(parent.traceID == span.traceID, sourceLocation: sourceLocation)
        #expect(parent.startTime <= span.startTime, "\(span.name) in \(parent.name)", sourceLocation: sourceLocation)
        #expect(parent.endTime >= span.endTime, "\(span.name) in \(parent.name)", sourceLocation: sourceLocation)
    }
}

func gzip(_ bytes: [UInt8]) -> [UInt8] { Gzip.compress(bytes) }

func gunzip(_ bytes: [UInt8]) throws -> [UInt8] { try Gzip.decompress(bytes, maximumSize: 1 << 20) }
