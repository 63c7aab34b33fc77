internal import CAllocationCounter
internal import Glibc
internal import Instrumentation
internal import NeedletailTracing
internal import ServiceContextModule
internal import Synchronization
internal import TraceModel
internal import TraceWire
internal import Tracing

/// What a span costs the thread that makes it: start, five attributes (two strings, two integers, one boolean), end.
///
/// Nanoseconds of thread CPU time, median of nine rounds after a warm-up. Sampled spans go into a batch processor whose
/// exporter counts and throws away. The standard API is called on a tracer value unless "global" is said: that is the look-up
/// of swift-distributed-tracing, measured last, since a process can have one global tracer only.
enum SpanCostBenchmark {
    static func run() async throws -> [BenchmarkRow] {
        var rows = noOpRows()
        rows += unsampledRows()
        rows += await sampledRows()
        rows += allocationRows()
        rows.append(await throughputRow())
        rows.append(bytesRow())
        rows += globalRows()
        return rows
    }

    private static let rounds = 9
    private static let iterations = 50_000

    // MARK: Rows

    private static func noOpRows() -> [BenchmarkRow] {
        let noOp = NoOpTracer()
        return [
            BenchmarkRow("two clock readings", cost { _ = WallClock.now() &+ WallClock.now() }, "ns", note: "floor"),
            BenchmarkRow("no-op API: start, 5 attributes, end", cost { standard(noOp, "operation") }, "ns", note: "tracer value"),
            BenchmarkRow(
                "disabled: global start, 5 attributes, end",
                cost {
                    let span = startSpan("operation")
                    setStandard(span)
                    span.end()
                },
                "ns",
                note: "nothing bootstrapped"
            ),
            BenchmarkRow("disabled, attributes behind isRecording", cost { guardedGlobal() }, "ns", note: "nothing bootstrapped"),
        ]
    }

    private static func unsampledRows() -> [BenchmarkRow] {
        let tracer = NeedletailTracer(processor: InMemorySpanExporter(), sampler: ParentBasedSampler(root: TraceIDRatioSampler(ratio: 0)))
        let parent = TraceContext(traceID: IDGenerator.traceID(), spanID: IDGenerator.spanID(), flags: [], isRemote: true)
        let guarded = cost {
            let span: any Tracing.Span = tracer.startSpan("operation")
            if span.isRecording { setStandard(span) }
            span.end()
        }
        return [
            .atMost(60, "not sampled, own API, new trace", cost { own(tracer, parent: nil) }, "ns"),
            .atMost(60, "not sampled, own API, unsampled parent", cost { own(tracer, parent: parent) }, "ns"),
            .atMost(250, "not sampled, standard API, guarded", guarded, "ns", note: "any Tracing.Span"),
            BenchmarkRow("not sampled, standard API, 5 attributes unguarded", cost { standard(tracer, "operation") }, "ns"),
        ]
    }

    /// Through `startSpan` of swift-distributed-tracing with a tracer that samples nothing.
    private static func globalRows() -> [BenchmarkRow] {
        InstrumentationSystem.bootstrap(NeedletailTracer(processor: Discard(), sampler: ParentBasedSampler(root: TraceIDRatioSampler(ratio: 0))))
        return [
            .atMost(250, "not sampled, standard API, guarded, global", cost { guardedGlobal() }, "ns"),
            BenchmarkRow("the global look-up alone", cost { _ = InstrumentationSystem.tracer }, "ns", note: "casts in swift-distributed-tracing"),
        ]
    }

    private static func sampledRows() async -> [BenchmarkRow] {
        let (tracer, processor, exporter) = system()
        return await withTaskGroup(of: Void.self) { group in
            group.addTask { await processor.run() }
            let rows: [BenchmarkRow] = [
                .atMost(400, "sampled, own attribute call", await cost(draining: processor) { own(tracer, parent: nil) }, "ns"),
                .atMost(
                    1_200, "sampled, standard dictionary", await cost(draining: processor) { standard(tracer, "operation") }, "ns",
                    note: "tracer value"
                ),
                BenchmarkRow(
                    "sampled, standard dictionary, any Span",
                    await cost(draining: processor) {
                        let span: any Tracing.Span = tracer.startSpan("operation")
                        setStandard(span)
                        span.end()
                    },
                    "ns"
                ),
                BenchmarkRow("sampled, own API, no attributes", await cost(draining: processor) { tracer.startSpan("operation", parent: nil).end() }, "ns"),
                BenchmarkRow(
                    "sampled, withSpan, own attribute call",
                    await cost(draining: processor) { tracer.withSpan("operation") { setOwn($0) } }, "ns",
                    note: "includes building the context for callees"
                ),
            ]
            await processor.shutdown()
            group.cancelAll()
            let counters = processor.counters
            return rows + [BenchmarkRow("spans lost meanwhile", Double(counters.dropped), "spans", note: "\(exporter.count) exported")]
        }
    }

    /// Two threads as fast as they can; a third takes the batches on the same two cores.
    private static func throughputRow() async -> BenchmarkRow {
        let (tracer, processor, exporter) = system()
        let perThread = 1_000_000
        return await withTaskGroup(of: Void.self) { group in
            group.addTask { await processor.run() }
            let start = ContinuousClock.now
            await withTaskGroup(of: Void.self) { producers in
                for _ in 0..<2 {
                    producers.addTask {
                        for index in 0..<perThread {
                            own(tracer, parent: nil)
                            // As a server does between requests: lets the export loops have a thread.
                            if index % 64 == 0 { await Task.yield() }
                        }
                    }
                }
            }
            await processor.shutdown()
            let seconds = (ContinuousClock.now - start) / .seconds(1)
            group.cancelAll()
            return BenchmarkRow(
                "two threads into the batch processor, until exported", Double(exporter.count) / seconds, "spans/s",
                note: "\(processor.counters.dropped) of \(2 * perThread) dropped"
            )
        }
    }

    /// Blocks of memory that the calling thread asks for. The batch processor's own are left out: one array for many spans.
    private static func allocationRows() -> [BenchmarkRow] {
        guard allocation_counter_is_available() else { return [] }
        let sampled = NeedletailTracer(processor: Discard())
        let unsampled = NeedletailTracer(processor: Discard(), sampler: ParentBasedSampler(root: AlwaysOffSampler()))
        let noOp = NoOpTracer()
        return [
            allocations("no-op API, 5 attributes") { standard(noOp, "operation") },
            allocations("not sampled, own API") { own(unsampled, parent: nil) },
            allocations("not sampled, standard API, guarded") {
                let span: any Tracing.Span = unsampled.startSpan("operation")
                if span.isRecording { setStandard(span) }
                span.end()
            },
            allocations("sampled, own attribute call") { own(sampled, parent: nil) },
            allocations("sampled, standard dictionary") { standard(sampled, "operation") },
        ]
    }

    private static func allocations(_ name: String, _ body: () -> Void) -> BenchmarkRow {
        for _ in 0..<1000 { body() }
        let (blocks, bytes) = (allocation_counter_blocks(), allocation_counter_bytes())
        for _ in 0..<1000 { body() }
        let size = Double(allocation_counter_bytes() - bytes) / 1000
        return BenchmarkRow(
            "allocations: \(name)", Double(allocation_counter_blocks() - blocks) / 1000, "blocks", note: "\(BenchmarkRow.text(size)) bytes"
        )
    }

    private static func bytesRow() -> BenchmarkRow {
        let memory = InMemorySpanExporter()
        let tracer = NeedletailTracer(processor: memory)
        for _ in 0..<512 { own(tracer, parent: nil) }
        let batch = SpanBatch(resource: Resource(), scope: tracer.scope, spans: memory.spans)
        return BenchmarkRow("OTLP bytes of such a span", Double(OTLPProtobuf.encode(batch).count) / 512, "bytes", note: "batch of 512, no gzip")
    }

    // MARK: What is measured

    @inline(never)
    private static func own(_ tracer: NeedletailTracer, parent: TraceContext?) {
        let span = tracer.startSpan("operation", parent: parent)
        setOwn(span)
        span.end()
    }

    @inline(__always)
    private static func setOwn(_ span: NeedletailSpan) {
        span.setAttribute("http.request.method", "POST")
        span.setAttribute("url.path", "/v2/models/passthrough/infer")
        span.setAttribute("http.response.status_code", 200)
        span.setAttribute("http.request.body.size", 1234)
        span.setAttribute("cached", false)
    }

    @inline(never)
    private static func standard(_ tracer: some Tracer, _ name: String) {
        let span = tracer.startSpan(name)
        setStandard(span)
        span.end()
    }

    @inline(__always)
    private static func setStandard(_ span: some Tracing.Span) {
        span.attributes["http.request.method"] = "POST"
        span.attributes["url.path"] = "/v2/models/passthrough/infer"
        span.attributes["http.response.status_code"] = 200
        span.attributes["http.request.body.size"] = 1234
        span.attributes["cached"] = false
    }

    @inline(never)
    private static func guardedGlobal() {
        let span = startSpan("operation")
        if span.isRecording { setStandard(span) }
        span.end()
    }

    // MARK: Measuring

    private static func system() -> (NeedletailTracer, BatchSpanProcessor, CountingExporter) {
        let exporter = CountingExporter()
        let processor = BatchSpanProcessor(
            exporter: exporter,
            resource: Resource(),
            configuration: BatchSpanProcessorConfiguration(maxQueueSize: 1 << 18)
        )
        return (NeedletailTracer(processor: processor), processor, exporter)
    }

    /// Median nanoseconds of thread CPU time.
    private static func cost(_ body: () -> Void) -> Double {
        for _ in 0..<iterations { body() }
        return median((0..<rounds).map { _ in round(body) })
    }

    /// The same, waiting after each round until everything is exported, so that no round pays for the one before.
    private static func cost(draining processor: BatchSpanProcessor, _ body: () -> Void) async -> Double {
        for _ in 0..<iterations { body() }
        var results: [Double] = []
        for _ in 0..<rounds {
            await processor.forceFlush()
            results.append(round(body))
        }
        return median(results)
    }

    private static func round(_ body: () -> Void) -> Double {
        let start = threadTime()
        for _ in 0..<iterations { body() }
        return Double(threadTime() - start) / Double(iterations)
    }

    private static func median(_ values: [Double]) -> Double { values.sorted()[values.count / 2] }

    private static func threadTime() -> UInt64 {
        // Read as two words: which module owns the fields of `timespec` depends on what else is imported in the program.
        withUnsafeTemporaryAllocation(byteCount: MemoryLayout<timespec>.size, alignment: MemoryLayout<timespec>.alignment) { time in
            guard let base = time.baseAddress else { return 0 }
            clock_gettime(CLOCK_THREAD_CPUTIME_ID, base.assumingMemoryBound(to: timespec.self))
            return base.load(as: UInt64.self) * 1_000_000_000 + base.load(fromByteOffset: 8, as: UInt64.self)
        }
    }

    /// Throws spans away.
    private struct Discard: SpanProcessor {
        func onEnd(_ span: consuming TraceModel.Span, scope: InstrumentationScope) {}
        func forceFlush() async {}
        func shutdown() async {}
    }

    /// Counts spans and throws them away.
    private final class CountingExporter: SpanExporter {
        private let spans = Atomic<Int>(0)
        var count: Int { spans.load(ordering: .relaxed) }

        func export(_ batch: SpanBatch) async -> SpanExportResult {
            spans.add(batch.spanCount, ordering: .relaxed)
            return .success
        }

        func shutdown() async {}
    }
}
