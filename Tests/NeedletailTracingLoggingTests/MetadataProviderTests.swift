import Logging
import NeedletailTracing
import NeedletailTracingLogging
import ServiceContextModule
import Synchronization
import Testing
import TraceModel
import Tracing

@Suite("Trace ids on log lines")
struct MetadataProviderTests {
    /// The metadata of the lines that the body logs.
    private func logged(_ provider: Logger.MetadataProvider, _ body: (Logger) throws -> Void) rethrows -> [Logger.Metadata] {
        let lines = MetadataLines()
        try body(Logger(label: "test", factory: { _ in MetadataLines.Handler(lines: lines, metadataProvider: provider) }))
        return lines.all
    }

    @Test("A line within a span has the ids of the span; a line outside has none")
    func ids() throws {
        let tracer = NeedletailTracer(processor: InMemorySpanExporter())
        var context: TraceContext?
        let lines = logged(.needletail) { logger in
            logger.info("before")
            tracer.withSpan("work") { span in
                context = span.traceContext
                logger.info("within")
            }
            logger.info("after")
        }
        let span = try #require(context)
        #expect(lines == [[:], ["trace_id": "\(span.traceID)", "span_id": "\(span.spanID)"], [:]])
    }

    @Test("A span that is not sampled has its ids on log lines too, and says so")
    func unsampled() throws {
        let tracer = NeedletailTracer(processor: InMemorySpanExporter(), sampler: AlwaysOffSampler())
        let provider = Logger.MetadataProvider.needletail(traceIDKey: "t", spanIDKey: "s", traceFlagsKey: "f", sampledKey: "on")
        let lines = logged(provider) { logger in
            tracer.withSpan("work") { _ in logger.info("within") }
        }
        let line = try #require(lines.first)
        #expect(line["on"] == "false")
        // Not sampled; the trace id is random.
        #expect(line["f"] == "02")
        #expect(line["t"].map { "\($0)".count } == 32)
        #expect(line["s"].map { "\($0)".count } == 16)
    }

    @Test("The flags are the two digits of traceparent")
    func flags() {
        var context = ServiceContext.topLevel
        context.traceContext = TraceContext(traceID: TraceID(high: 1, low: 2), spanID: SpanID(3), flags: .sampled)
        let lines = logged(.needletail(traceFlagsKey: "trace_flags", sampledKey: "sampled")) { logger in
            ServiceContext.withValue(context) { logger.info("within") }
        }
        #expect(
            lines == [
                [
                    "trace_id": "00000000000000010000000000000002", "span_id": "0000000000000003", "trace_flags": "01", "sampled": "true",
                ]
            ])
    }
}

/// Keeps the metadata of log lines.
private final class MetadataLines: Sendable {
    private let lines = Mutex<[Logger.Metadata]>([])

    var all: [Logger.Metadata] { lines.withLock { $0 } }

    struct Handler: LogHandler {
        let lines: MetadataLines
        var metadata: Logger.Metadata = [:]
        var metadataProvider: Logger.MetadataProvider?
        var logLevel: Logger.Level = .trace

        subscript(metadataKey key: String) -> Logger.Metadata.Value? {
            get { metadata[key] }
            set { metadata[key] = newValue }
        }

        func log(event: LogEvent) {
            let provided = metadataProvider?.get() ?? [:]
            lines.lines.withLock { $0.append(provided) }
        }
    }
}
