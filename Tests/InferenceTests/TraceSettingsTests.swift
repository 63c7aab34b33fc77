import Inference
import Testing

@Suite struct TraceSettingsTests {
    @Test func defaults() throws {
        #expect(try TraceSettings(traceConfig: []) == TraceSettings())
        #expect(TraceSettings().level == .off)
        #expect(TraceSettings().rate == 1000)
        #expect(TraceSettings().count == -1)
    }

    @Test func theGuidesWords() throws {
        let settings = try TraceSettings(traceConfig: [
            "level=TIMESTAMPS", "rate=1", "mode=opentelemetry", "opentelemetry,url=127.0.0.1:4318/v1/traces",
            "opentelemetry,resource=service.name=test_server_with_passthrough", "opentelemetry,resource=test.key=test.value",
        ])
        #expect(settings.level == .timestamps)
        #expect(settings.rate == 1)
        #expect(settings.url == "127.0.0.1:4318/v1/traces")
        #expect(settings.resource == [
            .init(key: "service.name", value: "test_server_with_passthrough"), .init(key: "test.key", value: "test.value"),
        ])
    }

    static let accepted: [(words: [String], expected: TraceSettings)] = [
        (["level=timestamps"], TraceSettings(level: .timestamps)),
        (["level=MIN"], TraceSettings(level: .timestamps)),
        (["level=true"], TraceSettings(level: .timestamps)),
        (["level=TIMESTAMPS", "level=false"], TraceSettings(level: .off)),
        (["rate=0"], TraceSettings(rate: 0)),
        (["rate=4294967295"], TraceSettings(rate: .max)),
        (["rate=5", "rate=7"], TraceSettings(rate: 7)),
        (["count=-1"], TraceSettings(count: -1)),
        (["count=2147483647"], TraceSettings(count: .max)),
        (["mode=OpenTelemetry", "OPENTELEMETRY,url=u"], TraceSettings(url: "u")),
        (["opentelemetry,url=http://h/p?a=b,c"], TraceSettings(url: "http://h/p?a=b,c")),
        (["opentelemetry,bsp_max_queue_size=10"], TraceSettings(bspMaxQueueSize: 10)),
        (["opentelemetry,bsp_schedule_delay=0"], TraceSettings(bspScheduleDelay: 0)),
        (["opentelemetry,bsp_max_export_batch_size=20"], TraceSettings(bspMaxExportBatchSize: 20)),
    ]

    @Test(arguments: accepted.indices) func accepts(index: Int) throws {
        #expect(try TraceSettings(traceConfig: Self.accepted[index].words) == Self.accepted[index].expected)
    }

    /// Each word is refused with its own name and what would be right.
    @Test(arguments: [
        ("rate=abc", "Invalid option value. Got abc; expected a whole number from 0 to 4294967295"),
        ("rate=12abc", "Got 12abc"), ("rate=1.5", "Got 1.5"), ("rate= 1", "Got  1"), ("rate=+1", "Got +1"),
        ("rate=-1", "Got -1"), ("rate=99999999999", "Provided option value is out of bound. Got 99999999999"),
        ("count=x", "Got x"), ("count=-5", "expected -1 (no limit)"), ("count=3000000000", "out of bound"),
        ("level=FOO", "Available levels are OFF and TIMESTAMPS"), ("level=TENSORS", "not available in mode opentelemetry"),
        ("mode=jaeger", "Available modes are 'opentelemetry'"), ("mode=triton", "trace mode 'triton' (the JSON trace file) is not available yet"),
        ("triton,file=x", "not available yet"), ("jaeger,url=x", "invalid value for trace mode option: jaeger"),
        ("level=A,B", "Available levels"),
        ("foo=bar", "unknown trace setting 'foo'. Valid settings here are 'level', 'rate', 'count', 'mode'"),
        ("url=x", "Did you mean 'opentelemetry,url=…'?"),
        ("opentelemetry,foo=bar", "'url', 'resource', 'bsp_max_queue_size', 'bsp_schedule_delay', 'bsp_max_export_batch_size'"),
        ("opentelemetry,rate=1", "Did you mean 'rate=…'?"),
        ("foo", "option format is"), ("=x", "option format is"), ("rate=", "option format is"), ("", "option format is"),
        ("opentelemetry,url", "option format is"), (",rate=1", "No trace mode specified"),
        ("opentelemetry,resource=novalue", "a resource is '<key>=<value>'"), ("opentelemetry,resource==v", "a resource is"),
        ("opentelemetry,bsp_max_queue_size=abc", "Got abc"), ("opentelemetry,bsp_max_queue_size=0", "expected at least 1"),
        ("opentelemetry,bsp_schedule_delay=-5", "Got -5"), ("opentelemetry,bsp_max_export_batch_size=1.5", "Got 1.5"),
    ])
    func refuses(word: String, part: String) throws {
        let error = try #require(throws: TraceSettingsError.self) { try TraceSettings(traceConfig: [word]) }
        #expect(error.word == word)
        #expect(error.message.contains(part), "\(error.message)")
        #expect("\(error)".contains("--trace-config \(word)"))
    }

    @Test("defect 14: level=OFF overrides a level given before")
    func offOverrides() throws {
        #expect(try TraceSettings(traceConfig: ["level=TIMESTAMPS", "level=OFF"]).level == .off)
        #expect(try TraceSettings(traceConfig: ["level=OFF", "level=TIMESTAMPS"]).level == .timestamps)
    }

    @Test("defect 20: blanks and '=' in resource values are kept")
    func resourceValuesAreKept() throws {
        let settings = try TraceSettings(traceConfig: ["opentelemetry,resource=service.name=my svc", "opentelemetry,resource=k=a=b,c=d"])
        #expect(settings.resource == [.init(key: "service.name", value: "my svc"), .init(key: "k", value: "a=b,c=d")])
    }
}
