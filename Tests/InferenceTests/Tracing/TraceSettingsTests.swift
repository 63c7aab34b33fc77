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

    /// Golden: what Triton prints, and below it what would be right.
    @Test(arguments: [
        ("rate=abc", "Bad option: \"--trace-config rate\".\nInvalid option value. Got abc", "Expected a whole number from 0 to 4294967295."),
        ("rate=12abc", "Invalid option value. Got 12abc", "Expected"), ("rate=1.5", "Got 1.5", "Expected"), ("rate= 1", "Got  1", "Expected"),
        ("rate=-1", "Got -1", "Expected a whole number from 0"),
        ("rate=99999999999", "Provided option value is out of bound. Got 99999999999", "The largest is 4294967295."),
        ("count=x", "Bad option: \"--trace-config count\".\nInvalid option value. Got x", "from -1 to 2147483647"),
        ("count=-5", "Got -5", "Expected -1 (no limit)"), ("count=3000000000", "Provided option value is out of bound. Got 3000000000", ""),
        ("level=FOO", "Bad option: \"--trace-config level\".\ninvalid value for trace level option: foo", "OFF, TIMESTAMPS and TENSORS"),
        ("level=TIMESTAMPS,B", "invalid value for trace level option: b", "Available levels"),
        (
            "mode=jaeger",
            "Bad option: \"--trace-config mode\".\ninvalid value for trace mode option: jaeger. Available options are \"triton\" and \"opentelemetry\"", ""
        ),
        (
            "jaeger,url=x",
            "Bad option: \"--trace-config\".\ninvalid value for trace mode option: jaeger. Available options are \"triton\" and \"opentelemetry\"", ""
        ),
        ("foo", "--trace-config option format is '<trace mode>,<setting>=<value>'. Got foo", ""),
        ("=x", "--trace-config option format is '<trace mode>,<setting>=<value>'. Got =x", ""),
        ("rate=", "--trace-config option format is '<trace mode>,<setting>=<value>'. Got rate=", ""),
        ("", "option format is", ""), ("opentelemetry,url", "option format is '<trace mode>,<setting>=<value>'. Got opentelemetry,url", ""),
        (
            ",rate=1",
            "No trace mode specified. --trace-config option format is <trace mode>,<setting>=<value> or <setting>=<value>. Got ,rate=1", ""
        ),
        ("opentelemetry,resource=novalue", "Got novalue", "A resource is '<key>=<value>'"),
        ("opentelemetry,resource==v", "Got =v", "A resource is"),
        ("opentelemetry,bsp_max_queue_size=abc", "Bad option: \"--trace-config opentelemetry,bsp_max_queue_size\".\nInvalid option value. Got abc", ""),
        ("opentelemetry,bsp_max_queue_size=0", "Got 0", "Expected at least 1."),
        ("opentelemetry,bsp_schedule_delay=-5", "Got -5", "Expected"), ("opentelemetry,bsp_max_export_batch_size=1.5", "Got 1.5", "Expected"),
        ("triton,log-frequency=abc", "Bad option: \"--trace-config triton,log-frequency\".\nInvalid option value. Got abc", ""),
    ])
    func refuses(word: String, part: String, hint: String) throws {
        let error = try #require(throws: TraceSettingsError.self) { try TraceSettings(traceConfig: [word]) }
        #expect(error.word == word)
        #expect("\(error)".hasPrefix(part) || "\(error)".contains(part), "\(error)")
        #expect(error.hint.contains(hint), "\(error)")
    }

    @Test("What has no effect is told, and does not stop the start", arguments: [
        (["foo=bar"], "unknown trace setting 'foo'; valid settings here are 'level', 'rate', 'count', 'mode'."),
        (["url=x"], "Did you mean 'opentelemetry,url=…'?"), (["opentelemetry,rate=1"], "Did you mean 'rate=…'?"),
        (["opentelemetry,foo=bar"], "'url', 'resource', 'bsp_max_queue_size', 'bsp_schedule_delay', 'bsp_max_export_batch_size'"),
        (["mode=opentelemetry", "triton,file=x"], "no effect in mode opentelemetry: it is for mode triton"),
        (["mode=triton", "triton,file=x", "opentelemetry,bsp_max_queue_size=abc"], "no effect in mode triton"),
        (["mode=triton"], "Nothing can be traced: mode triton writes its traces to a file, but none is given; add triton,file=<path>."),
    ])
    func warns(words: [String], part: String) throws {
        var warnings: [String] = []
        _ = try TraceSettings(traceConfig: words, warnings: &warnings)
        #expect(warnings.count == 1)
        #expect(warnings.first?.contains(part) == true, "\(warnings)")
    }

    @Test("Mode triton needs a file to trace; its settings alone choose it, as in Triton's guide")
    func modeTriton() throws {
        let error = try #require(throws: TraceSettingsError.self) { try TraceSettings(traceConfig: ["mode=triton", "level=TIMESTAMPS"]) }
        #expect("\(error)".contains("add triton,file=<path>"))
        let guide = ["triton,file=/tmp/trace.json", "triton,log-frequency=50", "rate=100", "level=TIMESTAMPS", "count=100"]
        #expect(try TraceSettings(traceConfig: guide) == TraceSettings(level: .timestamps, rate: 100, count: 100, mode: .triton, file: "/tmp/trace.json", logFrequency: 50))
        #expect(try TraceSettings(traceConfig: guide + ["opentelemetry,url=u"]).mode == .openTelemetry)
        #expect(try TraceSettings(traceConfig: guide + ["mode=OpenTelemetry"]).mode == .openTelemetry)
    }

    @Test("Levels add up")
    func levels() throws {
        #expect(try TraceSettings(traceConfig: ["level=TENSORS", "level=TIMESTAMPS"]).level == [.timestamps, .tensors])
        #expect(try TraceSettings(traceConfig: ["level=TIMESTAMPS,TENSORS"]).level == [.timestamps, .tensors])
        #expect(try TraceSettings(traceConfig: ["level=TENSORS"]).level.names == ["TENSORS"])
        #expect(TraceSettings.Level([.tensors, .timestamps]).names == ["TIMESTAMPS", "TENSORS"])
    }

    @Test("Triton's older flags are words, and told of in its words; --trace-config wins")
    func deprecatedFlags() throws {
        let flags = DeprecatedTraceFlags([(.rate, "5"), (.level, "TIMESTAMPS"), (.file, "/x")], traceConfig: ["rate=7"])
        #expect(flags.words == ["level=TIMESTAMPS", "triton,file=/x"])
        #expect(flags.warnings == [
            "'--trace-rate' has been deprecated and will be removed in future releases. Please use '--trace-config rate=<rate value> instead.",
            "Overriding deprecated '--trace-rate' in favor of provided rate value in --trace-config!",
            "'--trace-level' has been deprecated and will be removed in future releases. Please use '--trace-config level=<OFF|TIMESTAMPS|TENSORS> instead.",
            "'--trace-file' has been deprecated and will be removed in future releases. Please use '--trace-config triton,file=<filepath> instead.",
        ])
        #expect(try TraceSettings(traceConfig: flags.words + ["rate=7"]) == TraceSettings(level: .timestamps, rate: 7, mode: .triton, file: "/x"))
        let ignored = DeprecatedTraceFlags([(.file, "/x")], traceConfig: ["mode=opentelemetry"])
        #expect(ignored.words.isEmpty)
        #expect(ignored.warnings.last == "'--trace-file' is deprecated and will be ignored with opentelemetry tracing mode.")
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
