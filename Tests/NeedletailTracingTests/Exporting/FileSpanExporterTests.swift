import Foundation
import Synchronization
import Testing
import TraceModel
import TraceWire

@testable import NeedletailTracing

@Suite(.timeLimit(.minutes(20)))
struct FileSpanExporterTests {
    private let folder = TemporaryFolder()
    private var path: String { folder.path + "/spans.jsonl" }

    private func batch(_ name: String) -> SpanBatch {
        SpanBatch(resource: Resource(attributes: [Attribute("service.name", "s")]), scope: testScope, spans: [finishedSpan(name)])
    }

    private func lines(of name: String = "spans.jsonl") -> [Substring] {
        folder.text(of: name).split(separator: "\n", omittingEmptySubsequences: false).dropLast()
    }

    /// The names of the spans in a file, whose every line must be OTLP JSON.
    private func spanNames(in name: String = "spans.jsonl") throws -> [String] {
        try lines(of: name).flatMap { line in
            try OTLPJSON.decode(Array(line.utf8)).batch.resourceSpans.flatMap { $0.scopeSpans.flatMap { $0.spans.map(\.name) } }
        }
    }

    @Test("Each batch is a line of OTLP JSON")
    func appends() async throws {
        let exporter = try FileSpanExporter(configuration: FileExporterConfiguration(path: path))
        let batches = [batch("one"), batch("two\nlines"), SpanBatch()]
        for batch in batches { #expect(try await exporter.export(batch) == .success) }
        #expect(try lines().map { try OTLPJSON.decode(Array($0.utf8)).batch } == Array(batches[..<2]))
        await exporter.shutdown()
        let error = await #expect(throws: SpanExportError.self) { _ = try await exporter.export(batches[0]) }
        #expect(error?.code == .shutDown)
        #expect(lines().count == 2)
    }

    @Test("A later exporter appends, and a line that a crash cut off stays the only broken one")
    func existingFile() async throws {
        folder.store("{\"resourceSpans\":[]}\n{\"resou", to: "spans.jsonl")
        let exporter = try FileSpanExporter(configuration: FileExporterConfiguration(path: path))
        _ = try await exporter.export(batch("new"))
        let lines = lines()
        #expect(lines.count == 3 && lines[0] == "{\"resourceSpans\":[]}" && lines[1] == "{\"resou")
        #expect(try OTLPJSON.decode(Array(lines[2].utf8)).batch.spanCount == 1)
        await exporter.shutdown()
    }

    @Test("The file is for its owner only")
    func mode() async throws {
        let exporter = try FileSpanExporter(configuration: FileExporterConfiguration(path: path))
        let mode = try #require(try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int)
        #expect(mode & 0o177 == 0)
        await exporter.shutdown()
    }

    @Test("Many tasks at once leave whole lines")
    func concurrency() async throws {
        let exporter = try FileSpanExporter(configuration: FileExporterConfiguration(path: path))
        try await withThrowingTaskGroup(of: Void.self) { group in
            for index in 0..<50 { group.addTask { _ = try await exporter.export(batch("span \(index)")) } }
            try await group.waitForAll()
        }
        #expect(try Set(spanNames()) == Set((0..<50).map { "span \($0)" }))
        await exporter.shutdown()
    }

    @Test("A file that is full is renamed, and the oldest goes")
    func rotation() async throws {
        let line = OTLPJSON.encode(batch("span 0")).count + 1
        let exporter = try FileSpanExporter(
            configuration: FileExporterConfiguration(path: path, maximumFileSize: 2 * line + 5, maximumBackups: 2)
        )
        for index in 0..<8 { #expect(try await exporter.export(batch("span \(index)")) == .success) }
        #expect(folder.names == ["spans.jsonl", "spans.jsonl.1", "spans.jsonl.2"])
        #expect(try spanNames(in: "spans.jsonl.2") == ["span 2", "span 3"])
        #expect(try spanNames(in: "spans.jsonl.1") == ["span 4", "span 5"])
        #expect(try spanNames() == ["span 6", "span 7"])
        await exporter.shutdown()
    }

    @Test("Without backups a full file is begun anew; a line above the limit is written all the same")
    func rotationWithoutBackups() async throws {
        let exporter = try FileSpanExporter(configuration: FileExporterConfiguration(path: path, maximumFileSize: 1, maximumBackups: 0))
        for index in 0..<3 { _ = try await exporter.export(batch("span \(index)")) }
        #expect(folder.names == ["spans.jsonl"])
        #expect(try spanNames() == ["span 2"])
        await exporter.shutdown()
    }

    @Test("After logrotate moved the file, or someone deleted it, a new one is begun")
    func moved() async throws {
        let exporter = try FileSpanExporter(configuration: FileExporterConfiguration(path: path))
        _ = try await exporter.export(batch("one"))
        try #require(rename(path, path + ".old") == 0)
        _ = try await exporter.export(batch("two"))
        #expect(try spanNames(in: "spans.jsonl.old") == ["one"])
        #expect(try spanNames() == ["two"])
        unlink(path)
        _ = try await exporter.export(batch("three"))
        #expect(try spanNames() == ["three"])
        await exporter.shutdown()
    }

    @Test("When the disk is full the batch is lost with an error, and the file holds whole lines only")
    func fullDisk() async throws {
        // Takes half of the second line.
        let calls = Mutex(0)
        let exporter = try FileSpanExporter(configuration: FileExporterConfiguration(path: path)) { descriptor, bytes in
            let call = calls.withLock { calls in
                calls += 1
                return calls
            }
            guard call == 2 else { return SystemWrite.all(descriptor, bytes) }
            let half = SystemWrite.all(descriptor, UnsafeRawBufferPointer(rebasing: bytes[..<(bytes.count / 2)]))
            return (half.written, ENOSPC)
        }
        _ = try await exporter.export(batch("one"))
        let error = await #expect(throws: SpanExportError.self) { _ = try await exporter.export(batch("two")) }
        #expect(error?.code == .refused)
        #expect(error?.message == "\(path) cannot be written: No space left on device")
        _ = try await exporter.export(batch("three"))
        #expect(try spanNames() == ["one", "three"])
        await exporter.shutdown()
    }

    @Test("A device that is full says so", .enabled(if: access("/dev/full", W_OK) == 0))
    func fullDevice() async throws {
        let exporter = try FileSpanExporter(configuration: FileExporterConfiguration(path: "/dev/full", maximumFileSize: 10))
        let error = await #expect(throws: SpanExportError.self) { _ = try await exporter.export(batch("lost")) }
        #expect(error?.message.contains("No space left on device") == true)
        await exporter.shutdown()
    }

    @Test("A path that cannot be written is named when the exporter is made")
    func badPaths() throws {
        for (path, words) in [
            ("", "the path is empty"), (folder.path, "is a folder"), (folder.path + "/missing/spans.jsonl", "the folder must exist"),
            (folder.path + "/a\u{0}b", "zero byte"), (folder.path + "/pipe", "neither a file nor a device"),
        ] {
            if path.hasSuffix("/pipe") { mkfifo(path, 0o600) }
            let error = try #require(throws: TracingConfigurationError.self) {
                _ = try FileSpanExporter(configuration: FileExporterConfiguration(path: path))
            }
            #expect(error.code == .invalidPath)
            #expect(error.message.contains(words), "\(error.message)")
        }
        let size = #expect(throws: TracingConfigurationError.self) {
            _ = try FileSpanExporter(configuration: FileExporterConfiguration(path: path, maximumFileSize: 0))
        }
        #expect(size?.message.contains("maximumFileSize") == true)
    }
}
