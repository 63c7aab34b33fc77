#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif
@testable import NeedletailTracing
import Logging
import ServiceLifecycle
import Testing
import TraceModel
import UnixSignals

@Suite("A running tracing system", .serialized)
struct TracingSystemTests {
    private struct Failure: Error {}

    /// A system that exports into memory, and only when it has to.
    private func makeSystem(_ exporters: [InMemorySpanExporter], log: LogRecorder = LogRecorder(), batch: BatchSpanProcessorConfiguration? = nil) throws -> TracingSystem {
        var configuration = TracingConfiguration(resource: Resource(attributes: [Attribute("service.name", "shop")]), logger: log.logger)
        configuration.exporters = exporters.map { .custom($0) }
        configuration.batch = batch ?? BatchSpanProcessorConfiguration(scheduleDelay: .seconds(3600))
        return try configuration.makeSystem()
    }

    @Test("What ended while the body ran is exported at its end")
    func flushesAtEnd() async throws {
        let memory = InMemorySpanExporter()
        let system = try makeSystem([memory])
        let result = try await system.run(gracefulShutdownSignals: []) {
            system.tracer.startSpan("work", parent: nil).end()
            return 7
        }
        #expect(result == 7)
        #expect(memory.spans.map(\.name) == ["work"])
        #expect(memory.isShutDown)
    }

    @Test("What ended is exported also when the body throws")
    func flushesOnError() async throws {
        let memory = InMemorySpanExporter()
        let system = try makeSystem([memory])
        await #expect(throws: Failure.self) {
            try await system.run(gracefulShutdownSignals: []) {
                system.tracer.startSpan("work", parent: nil).end()
                throw Failure()
            }
        }
        #expect(memory.spans.map(\.name) == ["work"])
    }

    @Test("What ended is exported also when the caller is cancelled")
    func flushesOnCancellation() async throws {
        let memory = InMemorySpanExporter()
        let system = try makeSystem([memory])
        await withTaskGroup(of: Void.self) { group in
            group.addTask {
                await #expect(throws: CancellationError.self) {
                    try await system.run(gracefulShutdownSignals: []) {
                        system.tracer.startSpan("work", parent: nil).end()
                        try await Task.sleep(for: .seconds(3600))
                    }
                }
            }
            #expect(await eventually { system.processors[0].counters.enqueued == 1 })
            group.cancelAll()
        }
        #expect(memory.spans.map(\.name) == ["work"])
    }

    @Test("A signal sends the spans at once, cancels the body and is no error")
    func signal() async throws {
        let memory = InMemorySpanExporter()
        let system = try makeSystem([memory])
        let result: Int? = try await system.run(gracefulShutdownSignals: [.sigusr2]) {
            system.tracer.startSpan("before", parent: nil).end()
            kill(getpid(), SIGUSR2)
            do {
                try await Task.sleep(for: .seconds(3600))
            } catch {
                // What still happens after the signal is exported too.
                // In a task of its own: in this one, which is cancelled, no wait would give up the thread.
                let isExported = await Task { await eventually { memory.span(named: "before") != nil } }.value
                #expect(isExported)
                system.tracer.startSpan("after", parent: nil).end()
                throw error
            }
            return 7
        }
        #expect(result == nil)
        #expect(memory.spans.map(\.name) == ["before", "after"])
    }

    @Test("As a service of a group it exports what is left at graceful shutdown")
    func serviceGroup() async throws {
        let memory = InMemorySpanExporter()
        let system = try makeSystem([memory])
        let group = ServiceGroup(configuration: .init(services: [system], logger: LogRecorder().logger))
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            tasks.addTask { try await group.run() }
            system.tracer.startSpan("work", parent: nil).end()
            await group.triggerGracefulShutdown()
            try await tasks.waitForAll()
        }
        #expect(memory.spans.map(\.name) == ["work"])
        #expect(memory.isShutDown)
    }

    @Test("Several systems in one process keep their spans apart; one with two exporters gives each all")
    func several() async throws {
        let first = InMemorySpanExporter(), second = InMemorySpanExporter(), third = InMemorySpanExporter()
        let one = try makeSystem([first])
        let both = try makeSystem([second, third])
        one.tracer.startSpan("a", parent: nil).end()
        both.tracer.startSpan("b", parent: nil).end()
        await one.forceFlush()
        await both.forceFlush()
        #expect(first.spans.map(\.name) == ["a"])
        #expect(second.spans.map(\.name) == ["b"])
        #expect(third.spans.map(\.name) == ["b"])
        await one.shutdown()
        await both.shutdown()
    }

    @Test("A system that nobody runs keeps its bound and says once who should run it")
    func nobodyRuns() throws {
        let log = LogRecorder()
        let system = try makeSystem([InMemorySpanExporter()], log: log, batch: BatchSpanProcessorConfiguration(maxQueueSize: 4))
        for _ in 0..<100 { system.tracer.startSpan("work", parent: nil).end() }
        #expect(system.processors[0].counters.droppedQueueFull == 96)
        #expect(log.messages.count == 1)
        #expect(log.messages[0].contains("ServiceGroup"))
    }

    @Test("A disabled system makes no spans, and runs until its group stops it")
    func disabled() async throws {
        var configuration = TracingConfiguration(environment: ["OTEL_SDK_DISABLED": "true"], logger: LogRecorder().logger)
        configuration.exporters = [.custom(InMemorySpanExporter())]
        let system = try configuration.makeSystem()
        #expect(system.processors.isEmpty)
        #expect(!system.tracer.startSpan("work", parent: nil).traceContext.isSampled)
        #expect(try await system.run(gracefulShutdownSignals: []) { 7 } == 7)
    }

    @Test("Each span goes to a console by itself, and batches of an exporter's own count")
    func batches() throws {
        var configuration = TracingConfiguration(resource: Resource(), logger: LogRecorder().logger)
        configuration.batch.maxExportBatchSize = 100
        configuration.exporters = [
            .console(ConsoleExporterConfiguration()), .custom(InMemorySpanExporter()),
            .batched(.custom(InMemorySpanExporter()), BatchSpanProcessorConfiguration(maxExportBatchSize: 7)), .simple(.custom(InMemorySpanExporter())),
        ]
        let system = try configuration.makeSystem()
        #expect(system.processors.map(\.configuration.maxExportBatchSize) == [1, 100, 7, 1])
        #expect(system.processors.map(\.configuration.maxConcurrentExports) == [1, 2, 2, 1])
    }

    @Test("The resource and its conventions are on every batch")
    func schema() async throws {
        let memory = InMemorySpanExporter()
        var configuration = TracingConfiguration(environment: ["OTEL_SERVICE_NAME": "shop"], logger: LogRecorder().logger)
        configuration.exporters = [.custom(memory)]
        let system = try configuration.makeSystem()
        system.tracer.startSpan("work", parent: nil).end()
        await system.forceFlush()
        #expect(memory.batches.first?.resourceSpans.first?.resource.serviceName == "shop")
        #expect(memory.batches.first?.resourceSpans.first?.schemaURL == ResourceDetectors.schemaURL)
        await system.shutdown()
    }
}
