import NeedletailTracing
import Testing
import TraceModel

@testable import Inference

/// Trace settings that change while the server runs: Triton's trace extension.
@Suite struct TraceSettingUpdateTests {
    private static let start = TraceSettings(level: .timestamps, rate: 2, count: 6)

    private func text(_ core: InferenceCore, _ name: String, model: String? = nil) throws -> String? {
        try core.traceSettings(model: model).values.first { $0.name == name }?.texts.joined(separator: ",")
    }

    /// `level rate count`.
    private func state(_ core: InferenceCore, model: String? = nil) throws -> String {
        try ["trace_level", "trace_rate", "trace_count"].map { try text(core, $0, model: model) ?? "?" }.joined(separator: " ")
    }

    @Test("What is shown, and in which order")
    func values() throws {
        var settings = TraceSettings(level: [.timestamps, .tensors], rate: 5, url: "http://user:secret@h:4318/v1/traces")
        settings.resource = [.init(key: "service.name", value: "s"), .init(key: "k", value: "v")]
        settings.bspScheduleDelay = 500
        let values = try FrontEnd(settings).core.traceSettings(model: nil)
        #expect(values == TraceSettingValues([
            ("trace_level", ["TIMESTAMPS", "TENSORS"]), ("trace_rate", ["5"]), ("trace_count", ["-1"]), ("trace_mode", ["opentelemetry"]),
            ("url", ["http://h:4318/v1/traces"]), ("resource", ["service.name=s", "k=v"]), ("bsp_schedule_delay", ["500"]),
            ("bsp_max_export_batch_size", ["512"]), ("bsp_max_queue_size", ["2048"]),
        ]))
        let file = try FrontEnd(TraceSettings(mode: .triton, file: "/tmp/t.json", logFrequency: 3)).core.traceSettings(model: "echo")
        #expect(file == TraceSettingValues([
            ("trace_level", ["OFF"]), ("trace_rate", ["1000"]), ("trace_count", ["-1"]), ("log_frequency", ["3"]), ("trace_file", ["/tmp/t.json"]),
            ("trace_mode", ["triton"]),
        ]))
    }

    @Test("The golden conversation: a model mirrors what it does not set, and falls back when its settings are cleared")
    func inheritance() throws {
        let core = try FrontEnd(TraceSettings(level: .timestamps, rate: 2, count: 2)).core
        func all(_ values: [String: [String]]) throws { try core.updateTraceSettings(values, model: nil) }
        func model(_ values: [String: [String]]) throws { try core.updateTraceSettings(values, model: "echo") }
        try all(["trace_rate": ["3"]])
        #expect(try state(core, model: "echo") == "TIMESTAMPS 3 2")
        try model(["trace_count": ["9"]])
        #expect(try state(core, model: "echo") == "TIMESTAMPS 3 9")
        #expect(try state(core) == "TIMESTAMPS 3 2")
        try all(["trace_rate": ["4"]])
        #expect(try state(core, model: "echo") == "TIMESTAMPS 4 9")
        try all(["trace_rate": [], "trace_level": [], "trace_count": [], "log_frequency": []])
        #expect(try state(core) == "TIMESTAMPS 2 2")
        #expect(try state(core, model: "echo") == "TIMESTAMPS 2 9")
        try model(["trace_count": []])
        #expect(try state(core, model: "echo") == "TIMESTAMPS 2 2")
    }

    @Test("A model that sets everything itself does not follow the others")
    func detached() throws {
        let core = try FrontEnd(Self.start).core
        try core.updateTraceSettings(
            ["trace_rate": ["1"], "trace_level": ["TENSORS"], "trace_count": ["1"], "log_frequency": ["2"]], model: "echo")
        try core.updateTraceSettings(["trace_rate": ["50"], "trace_level": ["OFF"]], model: nil)
        #expect(try state(core, model: "echo") == "TENSORS 1 1")
        #expect(try state(core) == "OFF 50 6")
    }

    @Test("A model is traced by its own settings, and the others as before")
    func perModel() async throws {
        let front = try FrontEnd(TraceSettings(level: .timestamps, rate: 1), models: [.echo, .counter])
        try front.core.updateTraceSettings(["trace_level": ["OFF"]], model: "echo")
        for _ in 0..<3 { try await front.send() }
        #expect(front.spans.spans.isEmpty)
        try await front.send("counter")
        #expect(front.spans(named: "InferRequest").count == 1)
        try front.core.updateTraceSettings(["trace_level": [], "trace_rate": ["2"]], model: "echo")
        for _ in 0..<6 { try await front.send() }
        #expect(front.spans(named: "echo").count == 3)
    }

    @Test("What remains of a count is shown; each update begins to count anew, and keeps what remains")
    func counters() async throws {
        let front = try FrontEnd(Self.start)
        for _ in 0..<5 { try await front.send() }
        #expect(try state(front.core) == "TIMESTAMPS 2 4")
        try front.core.updateTraceSettings([:], model: nil)
        #expect(try state(front.core) == "TIMESTAMPS 2 4")
        // The fifth request was the first half of a tick.
        try await front.send()
        #expect(front.spans(named: "echo").count == 2)
        try await front.send()
        #expect(front.spans(named: "echo").count == 3)
    }

    @Test("A server that began with nothing traces as soon as it is told to")
    func turnedOnLater() async throws {
        let front = try FrontEnd(TraceSettings())
        try await front.send()
        try front.core.updateTraceSettings(["trace_level": ["TIMESTAMPS"], "trace_rate": ["1"]], model: nil)
        try await front.send()
        #expect(front.spans(named: "InferRequest").count == 1)
    }

    // MARK: Bad input

    static let wrong: [(values: [String: [String]], code: InferenceError.Code, message: String)] = [
        (["trace_file": ["/x"]], .unsupported, "trace file location can not be updated through network protocol"),
        (["trace_file": []], .unsupported, "trace file location can not be updated through network protocol"),
        (["trace_level": ["OFF", "TIMESTAMPS"]], .invalidArgument, "Expect only one trace level 'OFF' is specified"),
        (["trace_rate": ["abc"]], .invalidArgument, "Unable to parse 'trace_rate', got: abc"),
        (["trace_rate": [""]], .invalidArgument, "Unable to parse 'trace_rate', got: "),
        (["trace_rate": ["12abc"]], .invalidArgument, "Unable to parse 'trace_rate', got: 12abc"),
        (["trace_count": ["x"]], .invalidArgument, "Unable to parse 'trace_count', got: x"),
        (["log_frequency": ["x"]], .invalidArgument, "Unable to parse 'log_frequency', got: x"),
        (["trace_rate": ["99999999999"]], .invalidArgument, "Unable to parse 'trace_rate', value is out of range [ 0, 4294967295 ], got: 99999999999"),
        (["trace_rate": ["-3"]], .invalidArgument, "Unable to parse 'trace_rate', value is out of range [ 0, 4294967295 ], got: -3"),
        (["trace_count": ["99999999999"]], .invalidArgument, "Unable to parse 'trace_count', value is out of range [ -1, 2147483647 ], got: 99999999999"),
        (["log_frequency": ["99999999999"]], .invalidArgument, "Unable to parse 'log_frequency', value is out of range [ 0, 4294967295 ], got: 99999999999"),
        (["trace_count": ["-2"]], .invalidArgument, "Unable to parse 'trace_count'. Expecting value >= -1, got: -2"),
        (["trace_rate": ["0"]], .invalidArgument, "Attempting to set invalid trace setting :sample rate must be non-zero"),
        (["trace_rate": ["1", "2"]], .invalidArgument, "expect only 1 value for 'trace_rate'"),
    ]

    @Test("Each wrong value is told in Triton's words, and changes nothing", arguments: wrong.indices, [nil, "echo"])
    func refuses(index: Int, model: String?) throws {
        let core = try FrontEnd(Self.start).core
        let (values, code, message) = Self.wrong[index]
        let error = #expect(throws: InferenceError.self) {
            try core.updateTraceSettings(values.merging(["trace_level": ["TENSORS"]]) { own, _ in own }, model: model)
        }
        #expect(error?.message == message)
        #expect(error?.code == code)
        #expect(try state(core, model: model) == "TIMESTAMPS 2 6")
    }

    @Test func anUnknownModelIsRefused() throws {
        let core = try FrontEnd(Self.start).core
        #expect(throws: InferenceError(.invalidArgument, "Request for unknown model : nope")) { try core.traceSettings(model: "nope") }
        #expect(throws: InferenceError(.invalidArgument, "Request for unknown model : nope")) { try core.updateTraceSettings([:], model: "nope") }
        // gRPC has an empty name for none.
        #expect(try core.traceSettings(model: "") == core.traceSettings(model: nil))
    }

    @Test("What is no setting, or no level, is left alone", arguments: [
        ["foo": ["bar"]], ["trace_mode": ["triton"]], ["url": ["x"]], ["trace_level": ["FOO"]], ["trace_level": ["timestamps"]], [:],
    ] as [[String: [String]]])
    func ignores(values: [String: [String]]) throws {
        let core = try FrontEnd(Self.start).core
        try core.updateTraceSettings(values, model: nil)
        #expect(try state(core) == "TIMESTAMPS 2 6")
        try core.updateTraceSettings(values, model: "echo")
        #expect(try state(core, model: "echo") == "TIMESTAMPS 2 6")
    }

    @Test("Mode triton cannot trace without a file, and says so")
    func withoutFile() throws {
        let core = try FrontEnd(TraceSettings(mode: .triton)).core
        #expect(throws: InferenceError(.invalidArgument, "Attempting to set invalid trace setting :trace file name is not given")) {
            try core.updateTraceSettings(["trace_level": ["TIMESTAMPS"]], model: nil)
        }
        try core.updateTraceSettings(["trace_rate": ["5"]], model: nil)
        #expect(try state(core) == "OFF 5 -1")
    }

    @Test("A server without a tracer shows that nothing is traced, and cannot be told to trace")
    func withoutTracer() throws {
        let core = InferenceCore()
        #expect(try state(core) == "OFF 1000 -1")
        try core.updateTraceSettings(["trace_level": ["OFF"]], model: nil)
        let error = #expect(throws: InferenceError.self) { try core.updateTraceSettings(["trace_level": ["TIMESTAMPS"]], model: nil) }
        #expect(error?.code == .unavailable)
    }
}
