import Logging
import NeedletailTracing
import Synchronization
import Testing
import TraceModel
import TraceWire

@testable import TraceCollector

@Suite("Sending queues and exporters")
struct QueueTests {
    /// An exporter that a test tells what to answer.
    private final class FakeExporter: SpanExporter {
        private struct State {
            var failure: SpanExportError?
            var spans: [Span] = []
            var attempts = 0
        }

        private let state: Mutex<State>

        init(failure: SpanExportError? = nil) { state = Mutex(State(failure: failure)) }

        var spans: [Span] { state.withLock { $0.spans } }
        var attempts: Int { state.withLock { $0.attempts } }

        func fail(_ failure: SpanExportError?) { state.withLock { $0.failure = failure } }

        func export(_ batch: SpanBatch) async throws -> SpanExportResult {
            try state.withLock { state in
                state.attempts += 1
                if let failure = state.failure { throw failure }
                state.spans += batch.spans
            }
            return .success
        }

        func shutdown() async {}
    }

    private static let unavailable = SpanExportError(code: .unavailable, message: "nobody is there")
    private let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
    private let counters = PipelineCounters()

    private func exporter(_ fake: FakeExporter, _ change: (inout ExporterSettings) -> Void = { _ in }) throws -> QueuedExporter {
        var settings = ExporterSettings(kind: .debug(DebugExporter.Settings()))
        settings.retry.initialBackoff = .milliseconds(1)
        settings.retry.maximumBackoff = .milliseconds(5)
        settings.queue.consumers = 2
        change(&settings)
        return try QueuedExporter(id: try #require(ComponentID("otlp")), exporter: fake, settings: settings, counters: counters, logger: logger)
    }

    /// Runs the exporter while the body does, then stops it.
    private func running(_ exporter: QueuedExporter, _ body: () async throws -> Void) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { await exporter.run() }
            try await body()
            exporter.stop()
            try await group.waitForAll()
        }
    }

    @Test("What cannot be sent is sent again until it can")
    func retry() async throws {
        let fake = FakeExporter(failure: Self.unavailable)
        let exporter = try exporter(fake)
        try await running(exporter) {
            try await exporter.append([spanBatch()])
            try await eventually("it is tried again") { fake.attempts >= 3 }
            fake.fail(nil)
            try await eventually("it is sent") { fake.spans.count == 1 }
        }
        #expect(counters.value(.sent) == 1)
        #expect(counters.value(.sendFailed) == 0)
    }

    @Test("What a receiver never takes is given up and counted")
    func permanent() async throws {
        let fake = FakeExporter(failure: SpanExportError(code: .refused, message: "400"))
        let exporter = try exporter(fake)
        try await running(exporter) {
            try await exporter.append([spanBatch(names: ["a", "b"])])
            try await eventually("it is given up") { counters.value(.sendFailed) == 2 }
        }
        #expect(fake.attempts == 1)
    }

    @Test("A full queue refuses, and what it holds is still sent at the end")
    func overflow() async throws {
        let fake = FakeExporter()
        let exporter = try exporter(fake) {
            $0.queue.size = 3
            $0.queue.sizer = .items
        }
        try await exporter.append([spanBatch(names: ["a", "b"])])
        let error = await #expect(throws: IngestError.self) { try await exporter.append([spanBatch(names: ["c", "d"])]) }
        #expect(error?.code == .overloaded)
        #expect(counters.value(.enqueueFailed) == 2)
        try await exporter.append([spanBatch(names: ["e"])])
        try await running(exporter) {}
        #expect(fake.spans.map(\.name).sorted() == ["a", "b", "e"])
    }

    @Test("A queue that blocks waits for room")
    func blocking() async throws {
        let fake = FakeExporter(failure: Self.unavailable)
        let exporter = try exporter(fake) {
            $0.queue.size = 1
            $0.queue.blocksOnOverflow = true
        }
        try await running(exporter) {
            try await exporter.append([spanBatch()])
            async let second: Void = exporter.append([spanBatch(trace: 2)])
            try await eventually("the first is tried") { fake.attempts > 0 }
            fake.fail(nil)
            try await second
            try await eventually("both are sent") { fake.spans.count == 2 }
        }
    }

    @Test("A sender that leaves does not wait for room")
    func leaving() async throws {
        let exporter = try exporter(FakeExporter()) {
            $0.queue.size = 1
            $0.queue.blocksOnOverflow = true
        }
        // Nobody takes anything from this queue.
        try await exporter.append([spanBatch()])
        let task = Task { try await exporter.append([spanBatch(trace: 2)]) }
        task.cancel()
        await #expect(throws: IngestError.self) { try await task.value }
        #expect(exporter.gauges.first?.value == 1)
    }

    @Test("Without a queue the sender hears what became of its spans")
    func direct() async throws {
        let fake = FakeExporter(failure: Self.unavailable)
        let exporter = try exporter(fake) {
            $0.queue.isEnabled = false
            $0.retry.maximumAttempts = 3
        }
        await #expect(throws: IngestError.self) { try await exporter.append([spanBatch()]) }
        #expect(fake.attempts == 3)
        fake.fail(nil)
        try await exporter.append([spanBatch()])
        #expect(fake.spans.count == 1)
    }

    @Test("A queue on disk survives, in its order")
    func durable() async throws {
        let folder = TemporaryFolder()
        func onDisk(_ fake: FakeExporter) throws -> QueuedExporter {
            try exporter(fake) {
                $0.queue.consumers = 1
                $0.queue.storage = FileStorageSettings(directory: "\(folder.path)/made")
            }
        }
        let dead = FakeExporter(failure: Self.unavailable)
        do {
            let first = try onDisk(dead)
            try await running(first) {
                for number in 1...5 as ClosedRange<UInt64> { try await first.append([spanBatch(trace: number, names: ["s\(number)"])]) }
                try await eventually("it is tried") { dead.attempts > 0 }
            }
        }
        #expect(counters.value(.sendFailed) == 0)
        let fake = FakeExporter()
        do {
            let second = try onDisk(fake)
            try await running(second) {
                try await eventually("all are sent") { fake.spans.count == 5 }
                try await eventually("and forgotten") { second.gauges.first?.value == 0 }
            }
        }
        #expect(fake.spans.map(\.name) == ["s1", "s2", "s3", "s4", "s5"])
        #expect(try DurableSpans(path: "\(folder.path)/made/exporter_otlp.sqlite").entries().isEmpty)
    }

    @Test("Small batches become one request, large ones several")
    func requests() {
        #expect(QueuedExporter.requests((1...10).map { spanBatch(trace: $0) }).map(\.spanCount) == [10])
        #expect(QueuedExporter.requests([spanBatch(names: (0..<20_000).map { "s\($0)" })]).map(\.spanCount) == [8192, 8192, 3616])
        let heavy = spanBatch(attributes: [Attribute("text", .string(String(repeating: "x", count: 2 << 20)))])
        #expect(QueuedExporter.requests([heavy, heavy]).count == 2)
    }

    // MARK: Files on disk

    @Test("A file of another program, of a newer version or in use is refused with words")
    func foreignFiles() throws {
        let folder = TemporaryFolder()
        let log = try SpanLog(path: "\(folder.path)/a.sqlite")
        let second = #expect(throws: SpanLog.Failure.self) { try SpanLog(path: "\(folder.path)/a.sqlite") }
        #expect(second?.description.contains("another process uses it") == true)
        _ = try log.insert([(body: [1, 2, 3], spanCount: 1)])
        try ProcessFolder.write("this is no database, but long enough to be looked at as one", to: "\(folder.path)/b.sqlite")
        let foreign = #expect(throws: SpanLog.Failure.self) { try SpanLog(path: "\(folder.path)/b.sqlite") }
        #expect(foreign?.description.contains("move it away") == true)
        #expect(throws: SpanLog.Failure.self) { try SpanLog(path: "\(folder.path)/none/c.sqlite") }
    }

    @Test("Entries are kept and forgotten")
    func log() throws {
        let folder = TemporaryFolder()
        do {
            let log = try SpanLog(path: "\(folder.path)/a.sqlite")
            let entries = try log.insert([(body: [1], spanCount: 3), (body: [], spanCount: 0), (body: [2, 2], spanCount: 4)])
            try log.remove([entries[1].id])
            #expect(try log.body(of: entries[1].id) == nil)
        }
        let log = try SpanLog(path: "\(folder.path)/a.sqlite")
        let entries = try log.entries()
        #expect(entries.map(\.spanCount) == [3, 4])
        #expect(entries.map(\.size) == [1, 2])
        #expect(try entries.map { try log.body(of: $0.id) } == [[1], [2, 2]])
    }

    @Test("The file exporter writes the Collector's formats")
    func file() async throws {
        let folder = TemporaryFolder()
        let path = "\(folder.path)/out.json"
        let json = try CollectorFile(settings: CollectorFile.Settings(path: path))
        _ = try await json.export(spanBatch(trace: 1))
        _ = try await json.export(spanBatch(trace: 2))
        await json.shutdown()
        let lines = ProcessFolder.contents(path).split(separator: UInt8(ascii: "\n"))
        #expect(try lines.map { try OTLPJSON.decode(Array($0)).batch.spans[0].traceID.low } == [1, 2])
        var settings = CollectorFile.Settings(path: path)
        settings.format = .proto
        let proto = try CollectorFile(settings: settings)
        _ = try await proto.export(spanBatch(trace: 3))
        await proto.shutdown()
        let bytes = ProcessFolder.contents(path)
        let length = bytes.prefix(4).reduce(0) { $0 << 8 | Int($1) }
        #expect(length == bytes.count - 4)
        #expect(try OTLPProtobuf.decode(Array(bytes.dropFirst(4))).batch == spanBatch(trace: 3))
    }

    @Test("Zipkin's protobuf says what its JSON says")
    func zipkinProtobuf() throws {
        var batch = spanBatch(names: ["a", "b"], error: true, attributes: [Attribute("n", 1), Attribute("net.peer.ip", "10.1.2.3"), Attribute("net.peer.port", 80)])
        batch.resourceSpans[0].scopeSpans[0].spans[1].parentSpanID = SpanID(1)
        batch.resourceSpans[0].scopeSpans[0].spans[1].events = [SpanEvent(time: 1_000_500_000, name: "e")]
        var options = ZipkinJSON.EncodingOptions()
        options.localIPv6 = "2001:db8::1"
        let json = try ZipkinJSON.decode(ZipkinJSON.encode(batch, options: options)).batch
        let proto = try ZipkinProtobuf.decode(ZipkinProtobuf.encode(batch, options: options)).batch
        #expect(proto.spans.map(\.name) == ["a", "b"])
        func sorted(_ batch: SpanBatch) -> [Span] {
            batch.spans.map { span in
                var span = span
                span.attributes.sort { $0.key < $1.key }
                return span
            }
        }
        #expect(sorted(proto) == sorted(json))
    }

    @Test("The file is rotated, and old ones go")
    func rotation() async throws {
        let folder = TemporaryFolder()
        var settings = CollectorFile.Settings(path: "\(folder.path)/out.json")
        settings.rotation = CollectorFile.Settings.Rotation(maximumSize: 100, maximumBackups: 2)
        let file = try CollectorFile(settings: settings)
        for number in 1...5 as ClosedRange<UInt64> {
            _ = try await file.export(spanBatch(trace: number))
            // Backups are named by the millisecond.
            try await Task.sleep(for: .milliseconds(2))
        }
        await file.shutdown()
        let names = ProcessFolder.names(in: folder.path)
        #expect(names.count == 3)
        #expect(names.last == "out.json")
        #expect(names.dropLast().allSatisfy { $0.hasPrefix("out-2") && $0.hasSuffix(".json") })
    }

    @Test("Next to the store an exporter that is full is passed over, alone it refuses")
    func fanOut() async throws {
        let store = RecordingSink()
        let full = try exporter(FakeExporter()) { $0.queue.size = 1 }
        try await full.append([spanBatch()])
        try await ExporterFanOut(stores: [store], others: [full], logger: logger).append([spanBatch(trace: 2)])
        #expect(store.spans.count == 1)
        await #expect(throws: IngestError.self) { try await ExporterFanOut(stores: [], others: [full], logger: logger).append([spanBatch(trace: 3)]) }
    }
}
