import Logging
import NeedletailTracing
import Testing
import TraceModel

@testable import TraceCollector

@Suite("Processors")
struct ProcessorTests {
    /// The only processor of a file.
    private func transform(_ text: String) throws -> any SpanTransform {
        let configuration = try CollectorConfiguration(
            text: "processors:\n  \(text)\nservice: {pipelines: {traces: {processors: [\(text.prefix { $0 != ":" })], exporters: [trace_store]}}}"
        )
        guard case .transform(let transform)? = configuration.pipelines.first?.processors.first?.settings else {
            throw ConditionFailure(description: "another kind of processor")
        }
        return transform
    }

    private func apply(_ text: String, _ batch: SpanBatch) throws -> SpanBatch {
        var batch = batch
        try transform(text).apply(to: &batch) { _ in }
        return batch
    }

    private let attributes = [Attribute("user", "eve"), Attribute("url", "/v2/models/bert/infer"), Attribute("size", "12"), Attribute("code", 200)]

    @Test("Attributes are inserted, updated, put, deleted, hashed, extracted and converted")
    func actions() throws {
        let batch = try apply(
            """
            attributes:
                actions:
                  - {key: user, action: insert, value: bob}
                  - {key: env, action: insert, value: prod}
                  - {key: code, action: update, value: 500}
                  - {key: none, action: update, value: 1}
                  - {key: copy, action: upsert, from_attribute: user}
                  - {key: gone, action: upsert, from_attribute: missing, default_value: 3}
                  - {key: user, action: hash}
                  - {key: url, action: extract, pattern: '^/v2/models/(?P<model>[^/]+)'}
                  - {key: size, action: convert, converted_type: int}
                  - {pattern: '^co', action: delete}
            """,
            spanBatch(attributes: attributes)
        )
        let found = batch.spans[0].attributes
        #expect(found.map(\.key) == ["user", "url", "size", "env", "gone", "model"])
        #expect(found["user"] == "33667000f223ce8b688dd4de29962c81bb9afb63")
        #expect(AttributeAction.hash("abc") == "a9993e364706816aba3e25717850c26c9cd0d89d")
        #expect(found["model"] == "bert")
        #expect(found["size"] == 12)
        #expect(found["gone"] == 3)
        #expect(found["env"] == "prod")
    }

    @Test("Only spans that match are changed")
    func matching() throws {
        let text = """
            attributes:
                include: {match_type: regexp, services: ['^sh.p$'], span_names: ['^GET']}
                exclude: {match_type: strict, span_kinds: [SPAN_KIND_CLIENT], attributes: [{key: code, value: 200}]}
                actions: [{key: seen, action: insert, value: true}]
            """
        #expect(try apply(text, spanBatch(names: ["GET /", "POST /"])).spans.map { $0.attributes["seen"] } == [true, nil])
        #expect(try apply(text, spanBatch(service: "other")).spans[0].attributes["seen"] == nil)
        var client = spanBatch(attributes: attributes)
        client.resourceSpans[0].scopeSpans[0].spans[0].kind = .client
        #expect(try apply(text, client).spans[0].attributes["seen"] == nil)
        #expect(try apply(text, spanBatch(attributes: attributes)).spans[0].attributes["seen"] == true)
    }

    @Test("Resources are changed")
    func resource() throws {
        let batch = try apply("resource: {attributes: [{key: service.name, action: update, value: store}, {key: zone, action: insert, value: a}]}", spanBatch())
        #expect(batch.resourceSpans[0].resource.attributes == [Attribute("service.name", "store"), Attribute("zone", "a")])
    }

    @Test("Filters drop spans, events and empty groups")
    func filter() throws {
        var batch = spanBatch(names: ["GET /", "GET /health"])
        batch.resourceSpans[0].scopeSpans[0].spans[0].events = [SpanEvent(time: 1, name: "noise"), SpanEvent(time: 2, name: "exception")]
        let filtered = try apply(#"filter: {traces: {span: ['name == "GET /health"'], spanevent: ['name == "noise"']}}"#, batch)
        #expect(filtered.spans.map(\.name) == ["GET /"])
        #expect(filtered.spans[0].events.map(\.name) == ["exception"])
        #expect(try apply(#"filter: {traces: {span: ['resource.attributes["service.name"] == "shop"']}}"#, batch).resourceSpans.isEmpty)
    }

    @Test("A condition that fails refuses the spans, or is passed over")
    func errorMode() throws {
        let failing = "traces: {span: ['Substring(name, 0, 1000) == \"x\"', 'name == \"GET /\"']}"
        #expect(throws: ConditionFailure.self) { try apply("filter: {\(failing)}", spanBatch()) }
        #expect(try apply("filter: {error_mode: ignore, \(failing)}", spanBatch()).spans.isEmpty)
        #expect(try apply("filter: {error_mode: silent, \(failing)}", spanBatch()).spans.isEmpty)
    }

    @Test("Statements of all levels are applied")
    func transform() throws {
        var batch = spanBatch(names: ["GET /items/42"], attributes: attributes)
        batch.resourceSpans[0].scopeSpans[0].spans[0].events = [SpanEvent(time: 1, name: "e")]
        let changed = try apply(
            """
            transform:
                error_mode: ignore
                trace_statements:
                  - 'replace_pattern(span.name, "/[0-9]+", "/{id}")'
                  - 'set(resource.attributes["zone"], "a") where resource.attributes["service.name"] == "shop"'
                  - {context: spanevent, statements: ['set(attributes["span"], span.name)']}
                  - {context: span, conditions: ['kind == SPAN_KIND_CLIENT'], statements: ['set(name, "never")']}
            """,
            batch
        )
        #expect(changed.spans[0].name == "GET /items/{id}")
        #expect(changed.resourceSpans[0].resource.attributes["zone"] == "a")
        #expect(changed.spans[0].events[0].attributes["span"] == "GET /items/{id}")
    }

    // MARK: Sampling

    @Test("A share of traces is kept, and the threshold is written", arguments: ["hash_seed", "proportional", "equalizing"])
    func share(_ mode: String) throws {
        let sampler = try transform("probabilistic_sampler: {mode: \(mode), sampling_percentage: 25, hash_seed: 22}")
        var kept = 0
        var generator = SystemRandomNumberGenerator()
        for _ in 0..<4000 {
            var batch = spanBatch()
            batch.resourceSpans[0].scopeSpans[0].spans[0].traceID = TraceID(high: generator.next(), low: generator.next())
            try sampler.apply(to: &batch) { _ in }
            guard let span = batch.spans.first else { continue }
            kept += 1
            let state = try #require(OpenTelemetryTraceState(traceState: span.traceState))
            #expect(state.threshold?.description == "c")
            // Where the id is no source of randomness, what was used instead is told.
            #expect((state.randomness != nil) == (mode == "hash_seed"))
            #expect(state.threshold?.accepts(state.randomness ?? span.traceID.randomness) == true)
        }
        // Ten standard deviations.
        #expect((726...1274).contains(kept))
    }

    @Test("Thresholds that are there already count")
    func thresholds() throws {
        func sampled(_ mode: String, _ traceState: String, low: UInt64) throws -> String? {
            var batch = spanBatch()
            batch.resourceSpans[0].scopeSpans[0].spans[0].traceID = TraceID(high: 1, low: low)
            batch.resourceSpans[0].scopeSpans[0].spans[0].traceState = traceState
            return try apply("probabilistic_sampler: {mode: \(mode), sampling_percentage: 50}", batch).spans.first?.traceState
        }
        // Half was sampled before: half of that is a quarter, half of everything it is already.
        #expect(try sampled("proportional", "ot=th:8", low: 0x00f0_0000_0000_0000) == "ot=th:c")
        #expect(try sampled("proportional", "ot=th:8", low: 0x0090_0000_0000_0000) == nil)
        #expect(try sampled("equalizing", "ot=th:8", low: 0x0090_0000_0000_0000) == "ot=th:8")
        // It should not be here: its own threshold rejects it.
        #expect(try sampled("equalizing", "ot=th:8", low: 0x0010_0000_0000_0000) == nil)
        // Randomness of its own counts instead of the id's.
        #expect(try sampled("equalizing", "ot=rv:f0000000000000", low: 1) != nil)
    }

    /// Of the Collector's tests: spans with an id that half of all samplers take, or with randomness of their own.
    @Test("Consistent sampling decides and notes as the Collector does", arguments: [
        ("100", 4, "", "ot=th:0", "ot=th:0"), ("50", 4, "", "ot=th:8", "ot=th:8"), ("49", 4, "", nil, nil), ("200", 4, "", "ot=th:0", "ot=th:0"),
        ("1", 4, "ot=rv:fd70a3d70a3d71", "ot=th:fd70a;rv:fd70a3d70a3d71", "ot=th:fd70a;rv:fd70a3d70a3d71"), ("1", 3, "ot=rv:fd70a3d70a3d71", nil, nil),
        ("50", 4, "ot=rv:90000000000000;th:80000000000000", "ot=th:8;rv:90000000000000", nil), ("25", 4, "ot=th:8", nil, nil),
        ("50", 4, "ot=rv:c0000000000000;th:8", "ot=th:8;rv:c0000000000000", "ot=th:c;rv:c0000000000000"), ("40", 3, "ot=rv:a0000000000000", "ot=th:99a;rv:a0000000000000", "ot=th:99a;rv:a0000000000000"),
        ("40", 6, "ot=rv:d0000000000000;th:8", "ot=th:99999a;rv:d0000000000000", "ot=th:cccccd;rv:d0000000000000"), ("100", 4, "ot=rv:40000000000000;th:8", nil, nil),
        ("100", 4, "ot=th:abababababababab", nil, nil), ("100", 4, "ot=rv:abababababababab", nil, nil), ("100", 4, "ot=th:-1", nil, nil),
        ("0.006103515625", 4, "ot=rv:ffffffffffffff;th:fffc", "ot=th:fffc;rv:ffffffffffffff", "ot=th:fffffff;rv:ffffffffffffff"),
        ("0.0625", 4, "ot=rv:ffffffffffffff;th:fffffffffffff8", "ot=th:fffffffffffff8;rv:ffffffffffffff", nil),
    ] as [(String, Int, String, String?, String?)])
    func collectorVectors(percentage: String, precision: Int, traceState: String, equalizing: String?, proportional: String?) throws {
        for (mode, expected) in [("equalizing", equalizing), ("proportional", proportional)] {
            let kept = try sampled("{mode: \(mode), sampling_percentage: \(percentage), sampling_precision: \(precision)}", traceState)
            // Members may stand in any order.
            func members(_ text: String?) -> Set<Substring>? { text.map { Set($0.dropFirst(3).split(separator: ";")) } }
            #expect(members(kept) == members(expected), "\(mode)")
        }
    }

    private func sampled(_ settings: String, _ traceState: String, _ attributes: [Attribute] = []) throws -> String? {
        var batch = spanBatch(attributes: attributes)
        batch.resourceSpans[0].scopeSpans[0].spans[0].traceID = TraceID(high: 0xfefe_fefe_fefe_fefe, low: 0xfe80_0000_0000_0000)
        batch.resourceSpans[0].scopeSpans[0].spans[0].traceState = traceState
        return try apply("probabilistic_sampler: \(settings)", batch).spans.first?.traceState
    }

    @Test("Contradictions are dropped, or pass as if all were sampled")
    func contradictions() throws {
        for mode in ["equalizing", "proportional"] {
            let open = "{mode: \(mode), sampling_percentage: 1, fail_closed: false}"
            #expect(try sampled(open, "ot=rv:40000000000000;th:8") == "ot=th:0;rv:40000000000000")
            // What cannot be read stays as it is.
            #expect(try sampled(open, "ot=th:-1") == "ot=th:-1")
        }
        // Hashes go with no other consistent sampler.
        for traceState in ["ot=th:8", "ot=rv:ffffffffffffff"] {
            #expect(try sampled("{sampling_percentage: 100}", traceState) == nil)
            #expect(try sampled("{sampling_percentage: 1, fail_closed: false}", traceState) == traceState)
        }
        #expect(try sampled("{sampling_percentage: 0, fail_closed: false}", "ot=th:8") == nil)
    }

    @Test("Hashes are the Collector's", arguments: [("100", "0"), ("75", "4"), ("50", "8"), ("25", "c"), ("10", "e668"), ("33.333333333", "aaac")])
    func hashes(percentage: String, threshold: String) throws {
        // Sixteen zeros, seed 0.
        #expect(ProbabilisticSampler.hash(TraceID(high: 0, low: 0), seed: 0) & 0x3fff == 0x2455)
        var kept = 0
        for number in 1...200 as ClosedRange<UInt64> {
            let id = TraceID(high: number, low: 7)
            var batch = spanBatch()
            batch.resourceSpans[0].scopeSpans[0].spans[0].traceID = id
            guard let span = try apply("probabilistic_sampler: {sampling_percentage: \(percentage), hash_seed: 4312}", batch).spans.first else { continue }
            kept += 1
            let state = try #require(OpenTelemetryTraceState(traceState: span.traceState))
            #expect(state.threshold?.description == threshold)
            #expect(state.randomness == ProbabilisticSampler.randomness(id, seed: 4312))
            #expect(state.threshold?.accepts(state.randomness ?? 0) == true)
        }
        #expect(kept > 0)
    }

    @Test("What must be kept counts once")
    func forced() throws {
        let must = [Attribute("sampling.priority", 2)]
        #expect(try sampled("{mode: equalizing, sampling_percentage: 1}", "", must) == "ot=th:0")
        // A count that was there before stays.
        #expect(try sampled("{mode: equalizing, sampling_percentage: 1}", "ot=th:8", must) == "ot=th:8")
        #expect(try sampled("{sampling_percentage: 0}", "", must) == "ot=th:0")
        for (priority, isKept) in [("0.0", false), ("0.5", true), ("-0.5", false), ("NaN", false)] {
            let kept = try sampled("{mode: equalizing, sampling_percentage: 1}", "", [Attribute("sampling.priority", .string(priority))])
            #expect((kept != nil) == isKept, "\(priority)")
        }
    }

    @Test("sampling.priority wins")
    func priority() throws {
        let none = "probabilistic_sampler: {sampling_percentage: 0}"
        let all = "probabilistic_sampler: {sampling_percentage: 100}"
        #expect(try apply(none, spanBatch(attributes: [Attribute("sampling.priority", 1)])).spans.count == 1)
        #expect(try apply(none, spanBatch()).spans.isEmpty)
        #expect(try apply(all, spanBatch(attributes: [Attribute("sampling.priority", "0")])).spans.isEmpty)
        #expect(try apply(all, spanBatch()).spans.count == 1)
    }

    // MARK: Those with state

    @Test("Requests are gathered, and acknowledged when the batch is passed on")
    func batch() async throws {
        let sink = RecordingSink()
        var settings = BatchProcessor.Settings()
        settings.timeout = .milliseconds(20)
        settings.size = 100
        let batch = BatchProcessor(id: try #require(ComponentID("batch")), settings: settings, next: sink, counters: PipelineCounters())
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { await batch.run() }
            try await withThrowingTaskGroup(of: Void.self) { senders in
                for number in 0..<10 { senders.addTask { try await batch.append([spanBatch(trace: UInt64(number) + 1, names: ["a", "b"])]) } }
                try await senders.waitForAll()
            }
            #expect(sink.spans.count == 20)
            #expect(sink.batches.count < 10)
            // A large one goes at once, in parts.
            sink.refuse(IngestError(code: .overloaded, message: "full"))
            await #expect(throws: IngestError.self) { try await batch.append([spanBatch()]) }
            sink.refuse(nil)
            batch.stop()
            try await group.waitForAll()
        }
    }

    @Test("Batches are cut to their maximum")
    func split() {
        let batch = spanBatch(names: (0..<25).map { "s\($0)" })
        let parts = batch.split(maximumSpans: 10)
        #expect(parts.map(\.spanCount) == [10, 10, 5])
        #expect(parts.flatMap(\.spans) == batch.spans)
        #expect(parts.allSatisfy { $0.resourceSpans[0].resource == batch.resourceSpans[0].resource })
    }

    @Test("Too much memory refuses spans with a hint to come back")
    func memoryLimiter() async throws {
        let sink = RecordingSink()
        let settings = MemoryLimiter.Settings(checkInterval: .milliseconds(1), hardLimit: 100 << 20, softLimit: 80 << 20)
        let counters = PipelineCounters()
        func limiter(_ used: UInt64) throws -> MemoryLimiter {
            MemoryLimiter(id: try #require(ComponentID("memory_limiter")), settings: settings, next: sink, counters: counters, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }) { used << 20 }
        }
        try await limiter(79).append([spanBatch()])
        let error = await #expect(throws: IngestError.self) { try await limiter(81).append([spanBatch()]) }
        #expect(error?.code == .overloaded)
        #expect(sink.spans.count == 1)
        #expect(counters.value(.accepted) == 1)
        #expect(counters.value(.refused) == 1)
        #expect(ProcessMemory.resident > 1 << 20)
        #expect(ProcessMemory.total > 1 << 28)
    }
}
