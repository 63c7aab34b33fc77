import FuzzSupport
import JSONCoding
import Testing
import TraceModel
import TraceWire

@Suite("Traces written in pieces")
struct PiecewiseTextTests {
    private static func all(_ text: any PiecewiseText, size: Int) -> (bytes: [UInt8], pieces: Int) {
        var text = text
        var bytes: [UInt8] = []
        var count = 0
        while let piece = text.next(size: size) {
            bytes += piece
            count += 1
        }
        #expect(text.next(size: size) == nil, "the end stays the end")
        return (bytes, count)
    }

    private static let batches: [SpanBatch] = {
        var random = RandomBatch(seed: 20_261_121)
        return (0..<40).map { _ in random.batch() } + [SpanBatch(), SpanBatch(resourceSpans: [ResourceSpans(), ResourceSpans(scopeSpans: [ScopeSpans()])])]
    }()

    @Test("the pieces together are the whole text, in every dialect", arguments: [1, 700, 1 << 20])
    func wholeText(size: Int) {
        for batch in Self.batches {
            for style in [OTLPJSON.Style.otlp, .protobufJSON, .tempo] {
                #expect(Self.all(OTLPJSON.pieces(of: batch, style: style), size: size).bytes == OTLPJSON.encode(batch, style: style))
            }
            let zipkin = ZipkinJSON.EncodingOptions(restoresZipkin: true)
            #expect(Self.all(ZipkinJSON.pieces(of: batch, options: zipkin), size: size).bytes == ZipkinJSON.encode(batch, options: zipkin))
            for raw in [true, false] {
                var writer = JSONWriter()
                JaegerJSON.writeTrace(id: TraceID(high: 1, low: 2), batch: batch, to: &writer, raw: raw, warnings: [1: ["late"]])
                let pieces = JaegerJSON.pieces(id: TraceID(high: 1, low: 2), batch: batch, raw: raw, warnings: [1: ["late"]])
                let whole = writer.finish()
                #expect(Self.all(pieces, size: size).bytes == whole)
            }
        }
    }

    @Test("small pieces hold one span each")
    func bounded() {
        let spans = (1...500).map { Span(traceID: TraceID(high: 0, low: 1), spanID: SpanID($0), name: "span", startTime: 1, endTime: 2) }
        let batch = SpanBatch(resource: Resource(), scope: InstrumentationScope(), spans: spans)
        #expect(Self.all(OTLPJSON.pieces(of: batch), size: 1).pieces >= 500)
        #expect(Self.all(OTLPJSON.pieces(of: batch), size: 1 << 30).pieces == 1)
    }

    @Test("pieces of protobuf are one message with the same spans", arguments: [1, 3, 5_000])
    func protobuf(maximumSpans: Int) throws {
        for batch in Self.batches {
            let decoded = try OTLPProtobuf.decode(Self.all(OTLPProtobuf.pieces(of: batch, maximumSpans: maximumSpans), size: 1).bytes).batch
            func spans(_ batch: SpanBatch) -> [Span] { batch.resourceSpans.flatMap { $0.scopeSpans.flatMap(\.spans) } }
            #expect(spans(decoded) == spans(batch))
        }
    }
}
