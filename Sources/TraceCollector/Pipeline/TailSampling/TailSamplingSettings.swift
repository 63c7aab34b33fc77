internal import NeedletailTracing
internal import TraceModel

/// `tail_sampling` of `traces.yaml`.
struct TailSamplingSettings: Sendable {
    /// From the first span of a trace to its decision.
    var decisionWait: Duration = .seconds(30)
    /// Traces that wait for their decision; more make the oldest be decided early.
    var traceCount = 50_000
    /// Decisions that are remembered for late spans.
    var sampledCacheSize = 50_000
    var notSampledCacheSize = 50_000
    /// The first policy that samples decides.
    var samplesOnFirstMatch = false
    var policies: [TailPolicy] = []
    /// Spans that wait; more make the oldest traces be decided early.
    var maximumSpans = 500_000
    /// Bytes of the spans that wait, as OTLP protobuf; about three times as much in memory.
    var maximumBytes = 128 << 20

    init() {}

    private static let keys = [
        "decision_wait", "num_traces", "expected_new_traces_per_sec", "decision_cache", "sample_on_first_match", "policies", "max_spans", "max_mib",
    ]

    init?(_ reader: YAMLReader) {
        guard let mapping = reader.mapping(Self.keys) else {
            if reader.isNull { reader.missing("policies", expected: "a list of policies") }
            return nil
        }
        decisionWait = mapping["decision_wait"]?.duration(atLeast: .milliseconds(1)) ?? decisionWait
        traceCount = mapping["num_traces"]?.integer(in: 1...100_000_000) ?? traceCount
        // Only the Collector's own memory management needs it.
        _ = mapping["expected_new_traces_per_sec"]?.integer(in: 0 ... .max)
        let cache = mapping["decision_cache"]?.mapping(["sampled_cache_size", "non_sampled_cache_size"])
        func size(_ key: String) -> Int {
            guard let size = cache?[key]?.integer(in: 0...100_000_000), size > 0 else { return traceCount }
            return size
        }
        sampledCacheSize = size("sampled_cache_size")
        notSampledCacheSize = size("non_sampled_cache_size")
        samplesOnFirstMatch = mapping["sample_on_first_match"]?.boolean() ?? false
        maximumSpans = mapping["max_spans"]?.integer(in: 1...1_000_000_000) ?? maximumSpans
        maximumBytes = (mapping["max_mib"]?.integer(in: 1...1_000_000)).map { $0 << 20 } ?? maximumBytes
        guard let list = mapping["policies"]?.list(), !list.isEmpty else {
            if mapping["policies"].map({ $0.isNull || $0.list()?.isEmpty == true }) ?? true { reader.missing("policies", expected: "a list of policies") }
            return nil
        }
        policies = TailPolicyReader.policies(list, depth: 0)
    }
}

/// Reads policies.
enum TailPolicyReader {
    /// Policies in one another.
    private static let maximumDepth = 8

    private static let types = [
        "always_sample", "latency", "numeric_attribute", "probabilistic", "status_code", "string_attribute", "boolean_attribute", "trace_state",
        "trace_flags", "rate_limiting", "bytes_limiting", "span_count", "ottl_condition", "and", "not", "drop", "composite",
    ]

    /// Types that have no settings.
    private static let bareTypes = ["always_sample", "trace_flags"]

    static func policies(_ list: [YAMLReader], depth: Int) -> [TailPolicy] {
        var names: Set<String> = []
        return list.compactMap { element in
            let policy = policy(element, depth: depth)
            if let name = policy?.name, !names.insert(name).inserted { element.mistake("there are two policies \"\(name.prefix(60))\"", expected: "a name for each") }
            return policy
        }
    }

    private static func policy(_ reader: YAMLReader, depth: Int) -> TailPolicy? {
        guard depth <= maximumDepth else {
            reader.mistake("more than \(maximumDepth) policies in one another")
            return nil
        }
        guard let entries = reader.mapping() else { return nil }
        guard let place = entries["type"], let type = place.string() else {
            reader.missing("type", expected: "one of " + types.joined(separator: ", "))
            return nil
        }
        guard types.contains(type) else {
            place.mistake(
                "unknown policy \"\(type.prefix(60))\"", expected: "one of " + types.joined(separator: ", "),
                didYouMean: NearName.of(type, among: types).map { "\"\($0)\"" }
            )
            return nil
        }
        guard let mapping = reader.mapping(["name", "type"] + (bareTypes.contains(type) ? [] : [type])) else { return nil }
        guard let name = mapping["name"]?.string(takesAny: true), !name.isEmpty else {
            reader.missing("name", expected: "a name that no other policy has")
            return nil
        }
        if bareTypes.contains(type) { return TailPolicy(name: name, kind: type == "trace_flags" ? .traceFlags : .alwaysSample) }
        guard let settings = mapping[type], !settings.isNull else {
            reader.missing(type, expected: "the settings of the policy under its type")
            return nil
        }
        switch type {
        case "and": return group(name, .and, settings, "and_sub_policy", depth)
        case "drop": return group(name, .drop, settings, "drop_sub_policy", depth)
        case "not":
            guard let part = settings.mapping(["not_sub_policy"])?["not_sub_policy"], !part.isNull else {
                settings.missing("not_sub_policy", expected: "a policy")
                return nil
            }
            return policy(part, depth: depth + 1).map { TailPolicy(name: name, kind: .not, parts: [$0]) }
        case "composite": return composite(name, settings, depth)
        default: return kind(type, settings).map { TailPolicy(name: name, kind: $0) }
        }
    }

    private static func group(_ name: String, _ kind: TailPolicy.Kind, _ settings: YAMLReader, _ key: String, _ depth: Int) -> TailPolicy? {
        guard let list = settings.mapping([key])?[key]?.list(), !list.isEmpty else {
            settings.missing(key, expected: "a list of policies")
            return nil
        }
        return TailPolicy(name: name, kind: kind, parts: policies(list, depth: depth + 1))
    }

    private static func composite(_ name: String, _ settings: YAMLReader, _ depth: Int) -> TailPolicy? {
        let keys = ["max_total_spans_per_second", "policy_order", "composite_sub_policy", "rate_allocation"]
        guard let mapping = settings.mapping(keys) else { return nil }
        guard let total = mapping["max_total_spans_per_second"] else {
            settings.missing("max_total_spans_per_second", expected: "a whole number")
            return nil
        }
        guard let maximum = total.integer(in: 0...1_000_000_000), let list = mapping["composite_sub_policy"]?.list(), !list.isEmpty else {
            if mapping["composite_sub_policy"] == nil { settings.missing("composite_sub_policy", expected: "a list of policies") }
            return nil
        }
        let parts = policies(list, depth: depth + 1)
        var shares: [String: Int] = [:]
        var sum = 0
        for element in mapping["rate_allocation"]?.list() ?? [] {
            let entry = element.mapping(["policy", "percent"])
            guard let place = entry?["policy"], let name = place.string(takesAny: true), let percent = entry?["percent"]?.integer(in: 0...100) else { continue }
            if !parts.contains(where: { $0.name == name }) { place.mistake("there is no policy \"\(name.prefix(60))\" in composite_sub_policy", expected: "one of " + parts.map(\.name).joined(separator: ", ")) }
            shares[name] = percent
            sum += percent
        }
        if sum > 100 { mapping["rate_allocation"]?.mistake("gives away \(sum) percent", expected: "100 at most") }
        var ordered: [TailPolicy] = []
        for element in mapping["policy_order"]?.list() ?? [] {
            guard let name = element.string(takesAny: true) else { continue }
            guard let part = parts.first(where: { $0.name == name }) else {
                element.mistake("there is no policy \"\(name.prefix(60))\" in composite_sub_policy", expected: "one of " + parts.map(\.name).joined(separator: ", "))
                continue
            }
            ordered.append(part)
        }
        if mapping["policy_order"] == nil { ordered = parts }
        guard !ordered.isEmpty else { return nil }
        // The Collector's: what has no share gets an equal one.
        let allocations = ordered.map { shares[$0.name].map { maximum * $0 / 100 } ?? maximum / ordered.count }
        return TailPolicy(name: name, kind: .composite(allocations: allocations), parts: ordered)
    }

    private static func kind(_ type: String, _ reader: YAMLReader) -> TailPolicy.Kind? {
        func required(_ mapping: YAMLMapping, _ key: String, _ expected: String) -> YAMLReader? {
            guard let value = mapping[key], !value.isNull else {
                reader.missing(key, expected: expected)
                return nil
            }
            return value
        }
        switch type {
        case "latency":
            guard let mapping = reader.mapping(["threshold_ms", "upper_threshold_ms"]), let threshold = required(mapping, "threshold_ms", "milliseconds") else { return nil }
            let upper = mapping["upper_threshold_ms"]?.integer(in: 0 ... .max) ?? 0
            return threshold.integer(in: 0 ... .max).map { .latency(threshold: Double($0), upper: Double(upper)) }
        case "numeric_attribute":
            guard let mapping = reader.mapping(["key", "min_value", "max_value", "invert_match"]), let key = required(mapping, "key", "the key of an attribute")?.string(takesAny: true)
            else { return nil }
            let least = mapping["min_value"]?.integer() ?? .min
            let most = mapping["max_value"]?.integer() ?? .max
            guard least <= most else {
                reader.mistake("min_value \(least) is more than max_value \(most)")
                return nil
            }
            return .numericAttribute(key: key, range: Int64(least)...Int64(most), inverted: mapping["invert_match"]?.boolean() ?? false)
        case "probabilistic":
            guard let mapping = reader.mapping(["sampling_percentage", "hash_salt"]),
                let percentage = required(mapping, "sampling_percentage", "a number from 0 to 100")?.number(in: 0...100)
            else { return nil }
            let salt = mapping["hash_salt"]?.string(takesAny: true) ?? ""
            return .probabilistic(limit: limit(percentage / 100), salt: Array((salt.isEmpty ? "default-hash-seed" : salt).utf8))
        case "status_code":
            guard let mapping = reader.mapping(["status_codes"]), let list = required(mapping, "status_codes", "a list of OK, ERROR, UNSET") else { return nil }
            let codes = (list.list() ?? []).compactMap { $0.choice(["OK": SpanStatus.Code.ok, "ERROR": .error, "UNSET": .unset]) }
            return codes.isEmpty ? nil : .statusCode(Set(codes))
        case "string_attribute": return stringAttribute(reader)
        case "boolean_attribute":
            guard let mapping = reader.mapping(["key", "value", "invert_match"]), let key = required(mapping, "key", "the key of an attribute")?.string(takesAny: true),
                let value = required(mapping, "value", "true or false")?.boolean()
            else { return nil }
            return .booleanAttribute(key: key, value: value, inverted: mapping["invert_match"]?.boolean() ?? false)
        case "trace_state":
            guard let mapping = reader.mapping(["key", "values"]), let key = required(mapping, "key", "the key of a member")?.string(takesAny: true),
                let values = required(mapping, "values", "a list of values")
            else { return nil }
            return .traceState(key: key, values: Set(values.strings("values")))
        case "rate_limiting":
            guard let mapping = reader.mapping(["spans_per_second"]) else { return nil }
            return required(mapping, "spans_per_second", "a whole number")?.integer(in: 0...1_000_000_000).map { .rateLimiting(spansPerSecond: $0) }
        case "bytes_limiting":
            guard let mapping = reader.mapping(["bytes_per_second", "burst_capacity"]), let rate = required(mapping, "bytes_per_second", "a whole number")?.integer(in: 1 ... .max) else { return nil }
            let burst = mapping["burst_capacity"]?.integer(in: 1 ... .max).map(Double.init) ?? 2 * Double(rate)
            return .bytesLimiting(bytesPerSecond: Double(rate), burst: burst)
        case "span_count":
            guard let mapping = reader.mapping(["min_spans", "max_spans"]) else { return nil }
            let least = mapping["min_spans"]?.integer(in: 0 ... .max) ?? 0
            return .spanCount(least: least, most: mapping["max_spans"]?.integer(in: 0 ... .max) ?? 0)
        default:
            guard let mapping = reader.mapping(["error_mode", "span", "spanevent"]) else { return nil }
            let (spans, events) = (mapping["span"]?.conditions(.span) ?? [], mapping["spanevent"]?.conditions(.spanevent) ?? [])
            if mapping["span"] == nil, mapping["spanevent"] == nil { reader.missing("span", expected: "span or spanevent: a list of conditions") }
            return .condition(spans: spans, events: events, errorMode: mapping["error_mode"]?.errorMode() ?? .propagate)
        }
    }

    private static func stringAttribute(_ reader: YAMLReader) -> TailPolicy.Kind? {
        let keys = ["key", "values", "enabled_regex_matching", "cache_max_size", "invert_match"]
        guard let mapping = reader.mapping(keys) else { return nil }
        guard let key = mapping["key"]?.string(takesAny: true), let values = mapping["values"] else {
            reader.missing(mapping["key"] == nil ? "key" : "values", expected: "key, and values: a list")
            return nil
        }
        let inverted = mapping["invert_match"]?.boolean() ?? false
        guard mapping["enabled_regex_matching"]?.boolean() == true else {
            return .stringAttribute(key: key, values: Set(values.strings("values")), regexes: [], inverted: inverted)
        }
        let cache = mapping["cache_max_size"]?.integer(in: 0...10_000_000) ?? CachedRegex.defaultMaximumAnswers
        return .stringAttribute(key: key, values: [], regexes: (values.list() ?? []).compactMap { $0.regex(maximumAnswers: cache) }, inverted: inverted)
    }

    /// The greatest hash that is sampled.
    static func limit(_ ratio: Double) -> UInt64 {
        ratio >= 1 ? .max : UInt64(max(ratio, 0) * 0x1p64)
    }
}
