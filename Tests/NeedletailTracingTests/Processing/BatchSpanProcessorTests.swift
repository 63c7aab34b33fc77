import Logging
import NeedletailTracing
import ServiceLifecycle
import Testing
import TraceModel

@Suite(.timeLimit(.minutes(20)))
struct BatchSpanProcessorTests {
    private func processor(
        _ exporter: any SpanExporter,
        queue: Int = 2048,
        batch: Int = 512,
        delay: Duration = .seconds(3600),
        timeout: Duration = .seconds(30),
        shutdown: Duration = .seconds(30),
        concurrent: Int = 2,
        log: LogRecorder = LogRecorder()
    ) -> BatchSpanProcessor {
        BatchSpanProcessor(
            exporter: exporter,
            resource: Resource(attributes: [Attribute("service.name", "tested")]),
            configuration: BatchSpanProcessorConfiguration(
                maxQueueSize: queue,
                scheduleDelay: delay,
                maxExportBatchSize: batch,
                exportTimeout: timeout,
                shutdownTimeout: shutdown,
                maxConcurrentExports: concurrent
            ),
            logger: log.logger
        )
    }

    private func end(_ count: Int, in processor: BatchSpanProcessor) {
        for index in 0..<count { processor.onEnd(finishedSpan("span \(index)"), scope: testScope) }
    }

    /// Runs the processor as a service while the body runs, then stops it gracefully.
    private func running(_ processor: BatchSpanProcessor, _ body: @escaping @Sendable () async throws -> Void) async throws {
        struct Body: Service {
            var body: @Sendable () async throws -> Void
            func run() async throws { try await body() }
        }
        let group = ServiceGroup(
            configuration: .init(
                services: [
                    .init(service: processor),
                    .init(service: Body(body: body), successTerminationBehavior: .gracefullyShutdownGroup, failureTerminationBehavior: .gracefullyShutdownGroup),
                ],
                logger: LogRecorder().logger
            )
        )
        try await group.run()
    }

    @Test("A full batch leaves at once, long before the timer")
    func fullBatch() async throws {
        let exporter = InMemorySpanExporter()
        let processor = processor(exporter, batch: 10)
        try await running(processor) {
            end(25, in: processor)
            #expect(await eventually { exporter.spans.count == 20 })
            #expect(exporter.batches.map(\.spanCount) == [10, 10])
            #expect(await eventually { processor.counters.pending == 5 })
        }
        #expect(exporter.spans.count == 25)
    }

    @Test("An unfinished batch leaves when the delay has passed")
    func timer() async throws {
        let exporter = InMemorySpanExporter()
        let processor = processor(exporter, delay: .milliseconds(20))
        try await running(processor) {
            end(3, in: processor)
            #expect(await eventually { exporter.spans.count == 3 })
        }
    }

    @Test("A graceful stop exports the rest, within batches, and shuts the exporter down")
    func flushOnShutdown() async throws {
        let exporter = InMemorySpanExporter()
        let processor = processor(exporter)
        try await running(processor) { end(700, in: processor) }
        #expect(exporter.spans.count == 700)
        #expect(exporter.batches.allSatisfy { $0.spanCount <= 512 })
        #expect(exporter.isShutDown)
        #expect(processor.counters.exported == 700)
        #expect(processor.counters.dropped == 0)
    }

    @Test("Batches carry the resource and group spans by scope")
    func grouping() async throws {
        let exporter = InMemorySpanExporter()
        let processor = processor(exporter)
        let other = InstrumentationScope(name: "other")
        processor.onEnd(finishedSpan("a"), scope: testScope)
        processor.onEnd(finishedSpan("b"), scope: other)
        processor.onEnd(finishedSpan("c"), scope: testScope)
        await processor.forceFlush()
        let resourceSpans = try #require(exporter.batches.first?.resourceSpans.first)
        #expect(exporter.batches.count == 1)
        #expect(resourceSpans.resource.serviceName == "tested")
        #expect(resourceSpans.scopeSpans.map(\.scope) == [testScope, other])
        #expect(resourceSpans.scopeSpans.map { $0.spans.map(\.name) } == [["a", "c"], ["b"]])
        await processor.shutdown()
    }

    @Test("A blocked exporter never blocks onEnd; what does not fit is dropped, counted and logged once")
    func deadReceiver() async throws {
        let exporter = GatedExporter()
        let log = LogRecorder()
        let processor = processor(exporter, queue: 100, batch: 10, log: log)
        try await running(processor) {
            end(20, in: processor)
            #expect(await eventually { exporter.waitingCount == 2 })
            // Both loops are stuck in the exporter: 100 spans fit, 900 do not. That this returns is the assertion.
            end(1000, in: processor)
            #expect(processor.counters.droppedQueueFull == 900)
            #expect(processor.counters.enqueued == 120)
            #expect(log.messages(containing: "queue is full").count == 1)
            exporter.open()
            #expect(await eventually { processor.counters.exported == 120 })
            #expect(await eventually { log.messages(containing: "room again").count == 1 })
            #expect(log.messages(containing: "room again").first?.contains("900") == true)
            end(10, in: processor)
            #expect(await eventually { processor.counters.exported == 130 })
        }
        #expect(exporter.spanCount == 130)
    }

    @Test("An export beyond its time is given up and counted")
    func exportTimeout() async throws {
        let exporter = GatedExporter()
        let log = LogRecorder()
        let processor = processor(exporter, batch: 5, timeout: .milliseconds(30), log: log)
        try await running(processor) {
            end(5, in: processor)
            #expect(await eventually { processor.counters.droppedExportFailed == 5 })
        }
        #expect(log.messages(containing: "are lost").count == 1)
        #expect(processor.counters.pending == 0)
    }

    @Test("The shutdown is bounded, however long one export may take, and what is left is counted", .timeLimit(.minutes(20)))
    func boundedShutdown() async {
        let exporter = GatedExporter()
        let processor = processor(exporter, batch: 5, timeout: .seconds(3600), shutdown: .milliseconds(50))
        end(20, in: processor)
        await processor.shutdown()
        #expect(exporter.isShutDown)
        #expect(processor.counters.exported == 0)
        #expect(processor.counters.dropped == 20)
        #expect(processor.counters.pending == 0)
    }

    @Test("A graceful stop is bounded in the same way", .timeLimit(.minutes(20)))
    func boundedGracefulStop() async throws {
        let exporter = GatedExporter()
        let processor = processor(exporter, batch: 5, timeout: .seconds(3600), shutdown: .milliseconds(50))
        try await running(processor) { end(20, in: processor) }
        #expect(exporter.isShutDown)
        #expect(processor.counters.dropped == 20)
        #expect(processor.counters.pending == 0)
    }

    @Test("A graceful stop does not wait for a receiver that is gone, whatever the waits between attempts", arguments: [true, false])
    func goneReceiver(overHTTP: Bool) async throws {
        // Port 1 is the privileged "tcpmux", which nobody has offered for decades. No wait here ends before the test's time is up.
        let retry = RetryPolicy(initialBackoff: .seconds(3600), maximumBackoff: .seconds(3600), maximumElapsedTime: .seconds(36_000))
        let exporter: any SpanExporter =
            overHTTP
            ? try OTLPHTTPExporter(configuration: OTLPHTTPExporterConfiguration(endpoint: "http://127.0.0.1:1", retry: retry))
            : try OTLPGRPCExporter(configuration: OTLPGRPCExporterConfiguration(endpoint: "http://127.0.0.1:1", retry: retry))
        let processor = processor(exporter, batch: 5, timeout: .seconds(3600), shutdown: .seconds(3600))
        try await running(processor) {
            // Two batches are under way or between two attempts, the others wait.
            end(22, in: processor)
            #expect(await eventually { processor.counters.pending == 22 })
        }
        #expect(processor.counters.droppedExportFailed == 22)
        #expect(processor.counters.pending == 0)
    }

    @Test("Spans that end after the shutdown are counted")
    func afterShutdown() async {
        let exporter = InMemorySpanExporter()
        let processor = processor(exporter)
        await processor.shutdown()
        await processor.shutdown()
        end(3, in: processor)
        await processor.forceFlush()
        #expect(processor.counters.droppedShutdown == 3)
        #expect(exporter.spans.isEmpty)
    }

    @Test("A flush works without a running service and waits for the export loops when there is one")
    func flush() async throws {
        let exporter = InMemorySpanExporter()
        let processor = processor(exporter, batch: 10)
        end(25, in: processor)
        await processor.forceFlush()
        #expect(exporter.spans.count == 25)
        try await running(processor) {
            end(1005, in: processor)
            await processor.forceFlush()
            #expect(processor.counters.exported == 1030)
        }
    }

    @Test("A cancelled run ends, and the rest is counted")
    func cancellation() async {
        let exporter = GatedExporter()
        let processor = processor(exporter, batch: 5)
        let task = Task { await processor.run() }
        end(7, in: processor)
        #expect(await eventually { exporter.waitingCount == 1 })
        task.cancel()
        await task.value
        #expect(processor.counters.dropped == 7)
        #expect(exporter.isShutDown)
    }

    @Test("Failures and refusals are counted, and reported once a minute")
    func failures() async {
        struct Refusing: SpanExporter {
            func export(_ batch: SpanBatch) async throws -> SpanExportResult {
                guard batch.spanCount > 1 else { throw SpanExportError(code: .refused, message: "no single spans") }
                return SpanExportResult(rejectedSpanCount: 1, message: "one too many")
            }
            func shutdown() async {}
        }
        let log = LogRecorder()
        let processor = processor(Refusing(), log: log)
        for count in [1, 3, 1] {
            end(count, in: processor)
            await processor.forceFlush()
        }
        #expect(processor.counters.droppedExportFailed == 2)
        #expect(processor.counters.droppedRejected == 1)
        #expect(processor.counters.exported == 2)
        #expect(log.messages(containing: "no single spans").count == 1)
        #expect(log.messages(containing: "exported again").count == 1)
        #expect(log.messages.count == 2)
        await processor.shutdown()
    }

    @Test("Several threads lose nothing")
    func manyThreads() async throws {
        let exporter = InMemorySpanExporter()
        let processor = processor(exporter, queue: 100_000, batch: 100)
        try await running(processor) {
            await withTaskGroup(of: Void.self) { group in
                for _ in 0..<8 { group.addTask { end(1000, in: processor) } }
            }
        }
        #expect(exporter.spans.count == 8000)
        #expect(Set(exporter.spans.map(\.spanID)).count == 8000)
        #expect(processor.counters.dropped == 0)
    }

    @Test("Spans without the sampled flag are not exported")
    func unsampled() async {
        let exporter = InMemorySpanExporter()
        let processor = processor(exporter)
        var span = finishedSpan()
        span.flags = 0x100
        processor.onEnd(span, scope: testScope)
        await processor.shutdown()
        #expect(exporter.spans.isEmpty)
        #expect(processor.counters.enqueued == 0)
    }
}
