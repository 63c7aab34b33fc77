import JSONCoding
import NeedletailTracing
import ServiceContextModule
import Testing
import TraceModel

@testable import Inference

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// The JSON file of mode `triton`.
@Suite struct TraceFileTests {
    /// A file in a folder of its own, which goes when the test ends.
    private func withFile(_ body: (String) async throws -> Void) async throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "traces-\(UInt64.random(in: 0 ... .max))").path
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        try await body(folder + "/trace.json")
    }

    private func names(beside path: String) throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: String(path.dropLast("/trace.json".count))).sorted()
    }

    /// Each object in short: `1 QUEUE_START`, `1 model echo 1 id`, `1 TENSOR_QUEUE_INPUT x=7 [1] INT32`.
    static func objects(_ path: String) throws -> [String] {
        let data = try #require(FileManager.default.contents(atPath: path))
        return try #require(try JSONValue.parse(Array(data)).arrayValue).map { object in
            let id = object["id"]?.intValue ?? -1
            if let times = object["timestamps"]?.arrayValue {
                #expect(times.count == 1)
                #expect((times.first?["ns"]?.intValue ?? 0) > 0)
                return "\(id) \(times.first?["name"]?.stringValue ?? "?")"
            }
            if let activity = object["activity"]?.stringValue {
                let tensor = object["tensor"]
                func text(_ member: String) -> String { tensor?[member]?.stringValue ?? "?" }
                return "\(id) \(activity) \(text("name"))=\(text("data")) [\(text("shape"))] \(text("dtype"))"
            }
            let rest = ["request_id", "parent_id"].compactMap { object[$0]?.stringValue ?? object[$0]?.intValue.map { "\($0)" } }
            return (["\(id) model", object["model_name"]?.stringValue ?? "?", "\(object["model_version"]?.intValue ?? 0)"] + rest).joined(separator: " ")
        }
    }

    private func settings(_ path: String, level: TraceSettings.Level = .timestamps, rate: UInt32 = 1, count: Int32 = -1, frequency: UInt32 = 0) -> TraceSettings {
        TraceSettings(level: level, rate: rate, count: count, mode: .triton, file: path, logFrequency: frequency)
    }

    // MARK: Golden order

    private static let core = [
        "REQUEST_START", "QUEUE_START", "TENSOR_QUEUE_INPUT x=7 [1] INT32", "TENSOR_BACKEND_OUTPUT y=7 [1] INT32",
    ]
    private static let compute = ["COMPUTE_START", "COMPUTE_INPUT_END", "COMPUTE_OUTPUT_START", "COMPUTE_END", "REQUEST_END"]

    @Test("Names and order of HTTP are Triton's, as captured")
    func http() async throws {
        try await withFile { path in
            let front = try FrontEnd(settings(path, level: [.timestamps, .tensors]))
            try await front.send(id: "req-42")
            #expect(try names(beside: path).allSatisfy { $0.contains("partial") })
            await front.writer?.close()
            let expected =
                ["HTTP_RECV_START", "HTTP_RECV_END", "model echo 1 req-42"] + Self.core + ["INFER_RESPONSE_COMPLETE"] + Self.compute
                + ["HTTP_SEND_START", "HTTP_SEND_END"]
            #expect(try Self.objects(path) == expected.map { "1 " + $0 })
            #expect(try names(beside: path) == ["trace.json"])
        }
    }

    @Test("Names and order of gRPC are Triton's, as captured")
    func grpc() async throws {
        try await withFile { path in
            let front = try FrontEnd(settings(path, level: [.timestamps, .tensors]))
            try await front.send(grpc: true)
            await front.writer?.close()
            let expected =
                ["model echo 1"] + Self.core + Self.compute
                + ["GRPC_WAITREAD_START", "GRPC_WAITREAD_END", "INFER_RESPONSE_COMPLETE", "GRPC_SEND_START", "GRPC_SEND_END"]
            #expect(try Self.objects(path) == expected.map { "1 " + $0 })
        }
    }

    @Test("TENSORS alone: no times and no descriptor")
    func tensorsAlone() async throws {
        try await withFile { path in
            let front = try FrontEnd(settings(path, level: .tensors))
            try await front.send()
            await front.writer?.close()
            #expect(try Self.objects(path) == ["1 TENSOR_QUEUE_INPUT x=7 [1] INT32", "1 TENSOR_BACKEND_OUTPUT y=7 [1] INT32"])
        }
    }

    @Test("A call of another model is a trace of its own in the same file, with its parent's number")
    func children() async throws {
        try await withFile { path in
            let front = try FrontEnd(settings(path, frequency: 1), models: [.echo, .outer])
            try await front.send("outer", id: "top")
            await front.writer?.close()
            #expect(try names(beside: path) == ["trace.json.0"])
            let objects = try Self.objects(path + ".0")
            #expect(objects.contains("1 model outer 1 top"))
            #expect(objects.contains("2 model echo 1 inner 1"))
            #expect(objects.prefix(8).allSatisfy { $0.hasPrefix("2 ") })
        }
    }

    // MARK: Files

    @Test("With a log frequency there is a file for so many traces, and one for the rest")
    func logFrequency() async throws {
        try await withFile { path in
            let front = try FrontEnd(settings(path, frequency: 3))
            for _ in 0..<8 { try await front.send() }
            await front.writer?.close()
            #expect(try names(beside: path) == ["trace.json.0", "trace.json.1", "trace.json.2"])
            let ids = try (0..<3).map { try Self.objects("\(path).\($0)").filter { $0.contains("model") }.map { $0.prefix(1) } }
            #expect(ids == [["1", "2", "3"], ["4", "5", "6"], ["7", "8"]])
        }
    }

    @Test("A count that is used up ends the file at once, at any rate", arguments: [1, 3] as [UInt32])
    func countEndsTheFile(rate: UInt32) async throws {
        try await withFile { path in
            let front = try FrontEnd(settings(path, rate: rate, count: 2))
            for _ in 0..<10 { try await front.send() }
            let deadline = ContinuousClock.now + .seconds(600)
            while try names(beside: path) != ["trace.json.0"], ContinuousClock.now < deadline { try await Task.sleep(for: .milliseconds(2)) }
            #expect(try names(beside: path) == ["trace.json.0"])
            #expect(try Self.objects(path + ".0").count { $0.contains("model") } == 2)
            // More is allowed: it goes on in the next file.
            try front.core.updateTraceSettings(["trace_count": ["1"], "trace_rate": ["1"]], model: nil)
            try await front.send()
            await front.writer?.close()
            #expect(try Self.objects(path + ".1").count { $0.contains("model") } == 1)
        }
    }

    @Test("A model with a log frequency of its own has files of its own")
    func perModel() async throws {
        try await withFile { path in
            let front = try FrontEnd(settings(path), models: [.echo, .counter])
            try front.core.updateTraceSettings(["log_frequency": ["1"]], model: "counter")
            try await front.send()
            try await front.send("counter")
            try await front.send()
            await front.writer?.close()
            #expect(try names(beside: path) == ["trace.json", "trace.json.0"])
            #expect(try Self.objects(path).filter { $0.contains("model") } == ["1 model echo 1", "3 model echo 1"])
            #expect(try Self.objects(path + ".0").contains("2 model counter 1"))
        }
    }

    @Test("A model without a log frequency among others with one has the one file")
    func perModelWithoutLimit() async throws {
        try await withFile { path in
            let front = try FrontEnd(settings(path, frequency: 2), models: [.echo, .counter])
            try front.core.updateTraceSettings(["log_frequency": ["0"]], model: "counter")
            for model in ["echo", "counter", "echo", "counter"] { try await front.send(model) }
            await front.writer?.close()
            #expect(try names(beside: path) == ["trace.json", "trace.json.0"])
            #expect(try Self.objects(path).filter { $0.contains("model") } == ["2 model counter 1", "4 model counter 1"])
            #expect(try Self.objects(path + ".0").filter { $0.contains("model") } == ["1 model echo 1", "3 model echo 1"])
        }
    }

    @Test("Without a traced request there is no file")
    func nothing() async throws {
        try await withFile { path in
            let front = try FrontEnd(settings(path, rate: 1000))
            try await front.send()
            await front.writer?.close()
            #expect(try names(beside: path).isEmpty)
        }
    }

    @Test("A place where no file can be made is told at the start")
    func obstacles() {
        #expect(throws: TraceSettingsError.self) { try TraceFileWriter(path: "/nowhere/at/all.json", logger: FrontEnd.quiet) }
        #expect(throws: TraceSettingsError.self) { try TraceFileWriter(path: "/tmp", logger: FrontEnd.quiet) }
    }

    @Test("Many requests at a time leave a whole file with every trace once")
    func concurrency() async throws {
        try await withFile { path in
            let front = try FrontEnd(settings(path, count: 400))
            try await withThrowingTaskGroup(of: Void.self) { group in
                for _ in 0..<8 {
                    group.addTask { for _ in 0..<100 { try await front.send() } }
                }
                try await group.waitForAll()
            }
            await front.writer?.close()
            let models = try Self.objects(path + ".0").filter { $0.contains("model") }
            #expect(Set(models).count == 400)
            #expect(models.count == 400)
            #expect(front.writer?.droppedTraces == 0)
        }
    }

    @Test("The caller's context goes on to user code, and is no part of the file's numbering")
    func callers() async throws {
        try await withFile { path in
            let front = try FrontEnd(settings(path, rate: 2))
            let headers = [("traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")]
            let first = front.tracer.decide(model: "echo", headers: HeaderPairs(headers))
            #expect(first.trace == nil)
            #expect(first.serviceContext.traceContext?.isSampled == true)
            #expect(first.serviceContext.traceContext?.spanID.description == "b7ad6b7169203331")
        }
    }
}
