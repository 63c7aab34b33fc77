import Dispatch
import FuzzSupport
import Synchronization
import TraceModel
import TraceStore

@testable import TraceCollector
@testable import TraceQuery

/// Every parser of what people write: queries, conditions and files of settings. What can be read is also run, over a few spans.
enum ParserFuzzTargets {
    static var all: [FuzzTarget] { [traceQL, pageFilter, condition, statement, collectorConfiguration, samplingStrategies] }

    // MARK: TraceQL

    private static let queries = [
        #"{ resource.service.name = "shop" && span.http.status_code >= 500 || !(.a =~ `x.*y`) }"#, "{ 1h30m < duration && kind = server && status != ok }",
        "{ .n + 1 - 2 * 3 / 4 % 5 ^ 6 = 0 }", #"{ span."a b".c != nil && event.x = 1 && link:spanID = `2` && instrumentation:name = "lib" }"#,
        "{ } > { } >> { } < { } << { } ~ { }", "{ } !> { } !>> { } &< { } &<< { } &~ ({ } || { })", "({ } && { .n > 1 }) | by(.n) | count() > 1 | coalesce() | select(.s, name)",
        "{ } | avg(.n * 3 - .d) >= 2 | { true }", "{ } | max(duration) > 3s | min(span:childCount) < 2 / 6", "{ } | sum(.n) != -(1 + 2) * 3",
        "{ } | rate() by (resource.service.name, .s) with(exemplars=true)", "{ } | quantile_over_time(duration, 0, 0.9, 1) by (name) | topk(3)",
        "{ } | histogram_over_time(.n)", "{ } | compare({ status = error }, 5, 1000, 9000)", "({ } | rate()) / ({ .n > 1 } | rate()) * 100 > 5",
        "{ } | avg_over_time(.n) | bottomk(2) > -3", "{ } | max_over_time(.d) > 1.5", "{ nestedSetLeft > 3 && trace:rootService = \"shop\" && event:timeSinceStart > 1us }",
        "{ .n = minInt || .n = maxInt || .n / 0 = 1 || .n % 0 = 1 || - .n > 9223372036854775807 }", #"{ name =~ "(?i)(a|b)+[^c-e]{2,5}\\d$" }"#,
    ]

    static var traceQL: FuzzTarget {
        let words = [
            "{", "}", "(", ")", " | ", " && ", " >> ", "span.", "resource.", "duration", "name", "status", "nil", "true", "9223372036854775807", "1e308", "0x7f", "1h", "`[a-z]*`",
            "rate()", "count()", "by(", "minInt", "maxInt", "^", "/ 0", "% 0", "-", "parent", "trace:id", "\"\\u{", "é", "compare({", "select(",
        ]
        let store = InMemoryTraceStore()
        let spans = evaluated
        _ = waiting { try await store.append([spans]) }
        return FuzzTarget("traceql", texts: queries, words: words) { text in
            let count = text.unicodeScalars.count
            _ = TraceQLCompletion(text, cursor: count - count / 3)
            _ = TraceQLSpanFilter(lenient: text)
            do throws(TraceQLError) {
                let query = try TraceQLQuery(text)
                guard let again = try? TraceQLQuery(query.canonicalText) else { return "it is written as \(query.canonicalText), which cannot be read" }
                guard again.canonicalText == query.canonicalText else { return "\(query.canonicalText) is written as \(again.canonicalText)" }
                return answer(query, store)
            } catch {
                let isPlaced = error.line >= 1 && error.column >= 1 && error.column <= count + 1
                return isPlaced && !error.message.isEmpty ? nil : "an error without a place: \(error)"
            }
        }
    }

    // MARK: The page's filter

    static var pageFilter: FuzzTarget {
        let filters = [
            #"service:triton-a model:bert_* version:3 duration>80ms queue>=20us status:error batch>=8 -host:gpu-07 "free text""#, "ttft>500ms itl<=2.5ms wait>10% tokens.in!=3 cold:true cache:false",
            "root.http.status_code=200 -model.triton.model_name:*x* trace:0102 error.group:1 operation:\"a b\" n>-1e300 statu:eror modle:m duration>3 sec",
        ]
        let words = ["service:", "duration", ">", "<=", "!=", "-", "\"", "*", "ms", "%", "1e308", "9223372036854775807", "é", ":", " ", "status:error", "n>", "NaN"]
        let trees = Dictionary(grouping: evaluated.resourceSpans.flatMap(\.scopeSpans).flatMap(\.spans), by: \.traceID).map { id, spans in
            TraceTree(traceID: id, batch: SpanBatch(resource: Resource(attributes: [Attribute("service.name", "shop")]), scope: InstrumentationScope(), spans: spans))
        }
        let features = TraceWindow(trees).features
        return FuzzTarget("page-filter", texts: filters, words: words) { text in
            do throws(TraceFilter.Problem) {
                let filter = try TraceFilter(text)
                let selected = features.select(filter)
                guard selected.count == features.count else { return "it answers for \(selected.count) of \(features.count) traces" }
                _ = features.misspellings(filter)
                return nil
            } catch {
                let isPlaced = error.column >= 1 && error.length >= 0 && error.column + error.length <= text.count + 2
                return isPlaced && !error.message.isEmpty ? nil : "an error without a place: \(error)"
            }
        }
    }

    private static func answer(_ query: TraceQLQuery, _ store: InMemoryTraceStore) -> String? {
        let (start, end) = (time - 1_000_000_000, time + 9_000_000_000)
        let failure = waiting {
            if query.isMetrics {
                let options = TraceQLMetricsOptions(start: start, end: end, step: 1_000_000_000)
                _ = try await query.metrics(store, options)
                _ = try await query.instant(store, options)
            } else {
                let result = try await query.search(store, TraceQLSearchOptions(startTime: start...end))
                for set in result.traces.flatMap(\.spanSets) where set.matched < set.spans.count { throw Wrong(description: "a span set lists more spans than matched") }
            }
        }
        if let wrong = failure as? Wrong { return wrong.description }
        return failure == nil || failure is TraceQLError ? nil : "\(query.canonicalText) fails with \(String(describing: failure))"
    }

    private struct Wrong: Error { var description: String }

    /// Waits for what answers later; here nobody else is waiting.
    private static func waiting(_ body: @escaping @Sendable () async throws -> Void) -> (any Error)? {
        let failure = Failure()
        let done = DispatchSemaphore(value: 0)
        // Ends before this function does.
        Task {
            do { try await body() } catch { failure.error.withLock { $0 = error } }
            done.signal()
        }
        done.wait()
        return failure.error.withLock { $0 }
    }

    private final class Failure: Sendable {
        let error = Mutex<(any Error)?>(nil)
    }

    // MARK: OTTL

    private static let conditions = [
        #"name == "GET /items" and span.kind == SPAN_KIND_SERVER"#, #"attributes["n"] >= 500 or not IsMatch(name, "^GET /.*")"#, #"attributes["list"][1] == "b""#,
        #"(end_time_unix_nano - start_time_unix_nano) / 1000000 > 2.5"#, #"end_time - start_time > Duration("1h1s")"#, #"ParseJSON("{\"a\": [1, 2]}")["a"][1] == 2"#,
        #"Concat([name, "x"], "-") == Substring(name, 0, 3)"#, #"Split("a,b", ",")[1] == ConvertCase(name, "upper")"#, #"trace_id.string == SHA256("") or span_id == SpanID(0x0000000000000003)"#,
        #"resource.attributes["service.name"] == "shop" and instrumentation_scope.version != nil"#, #"trace_state["vendor"] == "x" and Len(attributes) < Int("7")"#,
        #"-9223372036854775807 - 1 / attributes["n"] * 3 + Double("1e308") <= 0x00ff"#, #"status.code == STATUS_CODE_ERROR and IsRootSpan()"#,
    ]

    static var condition: FuzzTarget {
        let words = ["attributes[\"n\"]", "[", "]", "(", ")", " and ", " or ", "not ", "==", "nil", "9223372036854775807", "-", "/ 0", "IsMatch(", "\"(a+)+$\"", "Split(", "Int(", "é", "\\"]
        return FuzzTarget("ottl-condition", texts: conditions, words: words) { text in
            do throws(ConditionError) {
                let condition = try ConditionParser.condition(text, level: .span)
                for context in contexts { _ = try? condition.isTrue(in: context) }
                return nil
            } catch {
                return complaint(error, text)
            }
        }
    }

    static var statement: FuzzTarget {
        let texts = [
            #"set(attributes["new"], name) where kind == SPAN_KIND_SERVER"#, #"delete_key(attributes, "n")"#, #"replace_pattern(name, "/(\\w+)", "/<$1>")"#,
            #"set(attributes["map"]["k"]["deep"], 7)"#, #"truncate_all(resource.attributes, 2)"#, #"delete_matching_keys(attributes, "^http")"#, #"set(status.code, 2)"#,
            #"merge_maps(attributes, {"a": 1, "ratio": [2, "x"]}, "upsert")"#, #"limit(attributes, 2, ["n"])"#, #"keep_keys(attributes, ["n", "s"])"#, #"set(end_time_unix_nano, -1)"#,
            #"replace_all_patterns(attributes, "value", "(a|b)+", "$$0$1")"#, #"replace_all_matches(attributes, "*/items", "x")"#, #"set(trace_id, TraceID(0x00000000000000010000000000000002))"#,
        ]
        let words = ["attributes", "[\"k\"]", "(", ")", ", ", " where ", "{\"a\": ", "}", "nil", "-1", "9223372036854775807", "$1", "\"(a*)*\"", "resource.", "set(", "é"]
        return FuzzTarget("ottl-statement", texts: texts, words: words) { text in
            do throws(ConditionError) {
                let statement = try ConditionParser.statement(text, level: .span)
                for var context in contexts { try? statement.apply(to: &context) }
                return nil
            } catch {
                return complaint(error, text)
            }
        }
    }

    private static func complaint(_ error: ConditionError, _ text: String) -> String? {
        error.column >= 1 && error.column <= text.unicodeScalars.count + 1 && !error.message.isEmpty ? nil : "an error without a place: \(error)"
    }

    // MARK: Files of settings

    private static let configurations = [
        """
        receivers:
          otlp: {protocols: {grpc: {endpoint: "0.0.0.0:4317"}, http: }}
        processors:
          memory_limiter: {check_interval: 1s, limit_mib: 400, spike_limit_percentage: 20}
          batch: {timeout: 1m30s, send_batch_size: 100}
          attributes/model: {actions: [{key: model, action: upsert, value: 7}, {key: x, action: extract, pattern: "^(?P<a>b)"}]}
          filter: {error_mode: ignore, traces: {span: ['attributes["a"] == "b"'], spanevent: ['name == "x"']}}
          transform: {trace_statements: [{context: span, statements: ['set(name, "x") where kind == SPAN_KIND_SERVER']}]}
          probabilistic_sampler: {mode: equalizing, sampling_percentage: 12.5, hash_seed: 22}
        exporters:
          otlp: {endpoint: "${env:HOST:-localhost}:4317", tls: {insecure: true}, sending_queue: {storage: file_storage, queue_size: 5}}
          zipkin: {endpoint: "http://x:9411/api/v2/spans"}
          prometheusremotewrite: {endpoint: "http://x:9090/api/v1/write"}
        connectors: {spanmetrics: }
        extensions: {file_storage: {directory: /tmp/x}}
        service:
          extensions: [file_storage]
          pipelines:
            traces: {receivers: [otlp], processors: [memory_limiter, batch, filter], exporters: [trace_store, otlp, spanmetrics]}
            metrics: {receivers: [spanmetrics], exporters: [prometheusremotewrite]}
        """,
        """
        receivers: &r {jaeger: , zipkin: }
        processors:
          tail_sampling:
            decision_wait: 10s
            policies:
              - {name: a, type: latency, latency: {threshold_ms: 5000, upper_threshold_ms: 10000}}
              - {name: b, type: string_attribute, string_attribute: {key: k, values: [v, "v.*"], enabled_regex_matching: true, invert_match: true}}
              - {name: c, type: and, and: {and_sub_policy: [{name: d, type: status_code, status_code: {status_codes: [ERROR]}}]}}
              - name: e
                type: composite
                composite:
                  max_total_spans_per_second: 1000
                  policy_order: [f, g]
                  composite_sub_policy: [{name: f, type: probabilistic, probabilistic: {sampling_percentage: 10}}, {name: g, type: always_sample}]
                  rate_allocation: [{policy: f, percent: 50}]
        service: {pipelines: {traces/x: {receivers: [zipkin, jaeger], processors: [tail_sampling], exporters: [trace_store]}}}
        """,
    ]

    static var collectorConfiguration: FuzzTarget {
        let words = [
            "\n", "\n  ", ": ", "- ", "[", "]", "{", "}", "&a ", "*a", "<<: ", "!!int ", "|\n", "${env:A:-b}", "$$", "null", "~", "1e400", "-1", "99999999999999999999", "1h", "#", "'", "\t", "? ",
            "---\n",
        ]
        return FuzzTarget("traces-yaml", texts: configurations, words: words) { text in
            do {
                let configuration = try CollectorConfiguration(text: text, environment: ["HOST": "far.example"])
                _ = (configuration.storesSpans, configuration.forwardingExporters)
                return nil
            } catch {
                let lines = "\(error)".split(separator: "\n")
                return !lines.isEmpty && lines.allSatisfy({ $0.hasPrefix("traces.yaml") }) ? nil : "a mistake without a place: \(error)"
            }
        }
    }

    static var samplingStrategies: FuzzTarget {
        let texts = [
            #"{"service_strategies":[{"service":"a","type":"probabilistic","param":0.8,"operation_strategies":[{"operation":"op","type":"probabilistic","param":0.2}]},{"service":"b","type":"ratelimiting","param":5}],"default_strategy":{"type":"probabilistic","param":0.5,"operation_strategies":[{"operation":"/health","type":"probabilistic","param":0.0}]}}"#,
            #"{"default_strategy":{"type":"ratelimiting","param":100}}"#,
        ]
        let words = [#""param":"#, "1e400", "-1", "99999999999", "null", #""type":"ratelimiting""#, "[[", #""operation_strategies":["#, "0.9999999999999999999"]
        return FuzzTarget("sampling-strategies", texts: texts, words: words) { text in
            guard let table = try? SamplingStrategyTable(json: Array(text.utf8)) else { return nil }
            for service in ["a", "b", "c"] {
                let strategy = table.strategy(for: service)
                _ = (strategy.protobuf, strategy.json(isLegacy: false), strategy.json(isLegacy: true))
                if case .probabilistic(let rate) = strategy.kind, !(0...1).contains(rate) { return "a share of \(rate)" }
            }
            return nil
        }
    }

    // MARK: Spans

    private static let time: UInt64 = 1_700_000_000_000_000_000

    /// A few spans with what queries ask for.
    private static var evaluated: SpanBatch {
        let values: [(String, AttributeValue)] = [
            ("n", .int(.max)), ("n", .int(.min)), ("n", .int(0)), ("n", .double(.nan)), ("n", .double(-0.5)), ("n", .string("7")), ("n", .bool(true)), ("n", .array([1, 2])),
        ]
        let spans = values.enumerated().map { index, value in
            Span(
                traceID: TraceID(high: 1, low: UInt64(index / 4 + 1)), spanID: SpanID(UInt64(index + 1)), parentSpanID: index % 4 == 0 ? nil : SpanID(UInt64(index / 4 * 4 + 1)),
                name: "GET /items", kind: index % 4 == 0 ? .server : .internal, startTime: time + UInt64(index) * 1_000_000_000, endTime: time + UInt64(index) * 1_000_000_001,
                attributes: [Attribute(key: value.0, value: value.1), Attribute("s", "x y"), Attribute("d", 1.5), Attribute("list", .array(["a", "b"]))],
                events: [SpanEvent(time: time + 5, name: "event", attributes: [Attribute("x", 1)])], links: [SpanLink(traceID: TraceID(high: 3, low: 4), spanID: SpanID(2))],
                status: index == 3 ? .error("broken") : SpanStatus())
        }
        return SpanBatch(resource: Resource(attributes: [Attribute("service.name", "shop")]), scope: InstrumentationScope(name: "lib", version: "1"), spans: spans)
    }

    private static let contexts: [ConditionContext] = evaluated.resourceSpans.flatMap { group in
        group.scopeSpans.flatMap { scope in scope.spans.map { ConditionContext(span: $0, event: $0.events.first, resource: group.resource, scope: scope.scope) } }
    }
}
