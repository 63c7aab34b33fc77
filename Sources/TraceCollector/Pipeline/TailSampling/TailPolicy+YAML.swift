internal import NeedletailTracing
internal import TraceModel

/// The settings of the policies that have no policies in them.
extension TailPolicy.Kind {
    /// What a policy of `traces.yaml` asks of a trace; `nil` when a mistake was told.
    ///
    /// - Parameter reader: the settings under the policy's type.
    static func read(_ type: String, _ reader: YAMLReader) -> TailPolicy.Kind? {
        switch type {
        case "latency": latency(reader)
        case "numeric_attribute": numericAttribute(reader)
        case "probabilistic": probabilistic(reader)
        case "status_code": statusCode(reader)
        case "string_attribute": stringAttribute(reader)
        case "boolean_attribute": booleanAttribute(reader)
        case "trace_state": traceState(reader)
        case "rate_limiting": rateLimiting(reader)
        case "bytes_limiting": bytesLimiting(reader)
        case "span_count": spanCount(reader)
        default: condition(reader)
        }
    }

    /// The value of a key that must be there.
    private static func required(_ key: String, of mapping: YAMLMapping, _ reader: YAMLReader, _ expected: String) -> YAMLReader? {
        guard let value = mapping[key], !value.isNull else {
            reader.missing(key, expected: expected)
            return nil
        }
        return value
    }

    private static func attributeKey(of mapping: YAMLMapping, _ reader: YAMLReader) -> String? {
        required("key", of: mapping, reader, "the key of an attribute")?.string(takesAny: true)
    }

    private static func latency(_ reader: YAMLReader) -> TailPolicy.Kind? {
        guard let mapping = reader.mapping(["threshold_ms", "upper_threshold_ms"]),
            let threshold = required("threshold_ms", of: mapping, reader, "milliseconds")
        else { return nil }
        let upper = mapping["upper_threshold_ms"]?.integer(in: 0 ... .max) ?? 0
        return threshold.integer(in: 0 ... .max).map { .latency(threshold: Double($0), upper: Double(upper)) }
    }

    private static func numericAttribute(_ reader: YAMLReader) -> TailPolicy.Kind? {
        guard let mapping = reader.mapping(["key", "min_value", "max_value", "invert_match"]), let key = attributeKey(of: mapping, reader) else { return nil }
        if mapping["min_value"] == nil, mapping["max_value"] == nil { reader.missing("min_value", expected: "min_value, max_value, or both") }
        let least = mapping["min_value"]?.integer() ?? .min
        let most = mapping["max_value"]?.integer() ?? .max
        guard least <= most else {
            reader.mistake("min_value \(least) is more than max_value \(most)")
            return nil
        }
        return .numericAttribute(key: key, range: Int64(least)...Int64(most), inverted: mapping["invert_match"]?.boolean() ?? false)
    }

    private static func probabilistic(_ reader: YAMLReader) -> TailPolicy.Kind? {
        guard let mapping = reader.mapping(["sampling_percentage", "hash_salt"]),
            let percentage = required("sampling_percentage", of: mapping, reader, "a number from 0 on; 100 and more sample everything")?
                .number(in: 0 ... .greatestFiniteMagnitude)
        else { return nil }
        let salt = mapping["hash_salt"]?.string(takesAny: true) ?? ""
        return .probabilistic(limit: limit(percentage / 100), salt: Array((salt.isEmpty ? "default-hash-seed" : salt).utf8))
    }

    /// The greatest hash that is sampled: the share of 2^64 - 1, rounded to 64 bits that count and then down, as the Collector's big numbers do.
    static func limit(_ ratio: Double) -> UInt64 {
        guard ratio < 1 else { return .max }
        guard ratio > 0 else { return 0 }
        // ratio = mantissa × 2^exponent, the mantissa of 53 bits: the product has 116 or 117.
        let mantissa = UInt64(ratio.significand * 0x1p52)
        let exponent = Int(ratio.exponent) - 52
        let (high, low) = mantissa.multipliedFullWidth(by: .max)
        let dropped = 64 - high.leadingZeroBitCount
        var kept = high << UInt64(64 - dropped) | low >> UInt64(dropped)
        // What goes beyond 64 bits is rounded to the nearest, at a tie to even; 2^64 - 1 times a mantissa never comes to a power of two.
        let rest = low << UInt64(64 - dropped)
        if rest > 1 << 63 || (rest == 1 << 63 && kept & 1 == 1) { kept &+= 1 }
        let shift = -(exponent + dropped)
        return shift >= 64 ? 0 : kept >> UInt64(max(shift, 0))
    }

    private static func statusCode(_ reader: YAMLReader) -> TailPolicy.Kind? {
        guard let mapping = reader.mapping(["status_codes"]), let list = required("status_codes", of: mapping, reader, "a list of OK, ERROR, UNSET")
        else { return nil }
        let codes = (list.list() ?? []).compactMap { $0.choice(["OK": SpanStatus.Code.ok, "ERROR": .error, "UNSET": .unset]) }
        return codes.isEmpty ? nil : .statusCode(Set(codes))
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

    private static func booleanAttribute(_ reader: YAMLReader) -> TailPolicy.Kind? {
        guard let mapping = reader.mapping(["key", "value", "invert_match"]), let key = attributeKey(of: mapping, reader),
            let value = required("value", of: mapping, reader, "true or false")?.boolean()
        else { return nil }
        return .booleanAttribute(key: key, value: value, inverted: mapping["invert_match"]?.boolean() ?? false)
    }

    private static func traceState(_ reader: YAMLReader) -> TailPolicy.Kind? {
        guard let mapping = reader.mapping(["key", "values"]),
            let key = required("key", of: mapping, reader, "the key of a member")?.string(takesAny: true),
            let values = required("values", of: mapping, reader, "a list of values")
        else { return nil }
        return .traceState(key: key, values: Set(values.strings("values")))
    }

    private static func rateLimiting(_ reader: YAMLReader) -> TailPolicy.Kind? {
        guard let mapping = reader.mapping(["spans_per_second", "burst_capacity"]),
            let rate = required("spans_per_second", of: mapping, reader, "a whole number")?.integer(in: 0...1_000_000_000)
        else { return nil }
        return .rateLimiting(spansPerSecond: Double(rate), burst: burst(mapping, rate))
    }

    /// The Collector's default is twice the rate.
    private static func burst(_ mapping: YAMLMapping, _ rate: Int) -> Double {
        mapping["burst_capacity"]?.integer(in: 1 ... .max).map(Double.init) ?? 2 * Double(rate)
    }

    private static func bytesLimiting(_ reader: YAMLReader) -> TailPolicy.Kind? {
        guard let mapping = reader.mapping(["bytes_per_second", "burst_capacity"]),
            let rate = required("bytes_per_second", of: mapping, reader, "a whole number")?.integer(in: 1 ... .max)
        else { return nil }
        return .bytesLimiting(bytesPerSecond: Double(rate), burst: burst(mapping, rate))
    }

    private static func spanCount(_ reader: YAMLReader) -> TailPolicy.Kind? {
        guard let mapping = reader.mapping(["min_spans", "max_spans"]) else { return nil }
        let least = mapping["min_spans"]?.integer(in: 0 ... .max) ?? 0
        return .spanCount(least: least, most: mapping["max_spans"]?.integer(in: 0 ... .max) ?? 0)
    }

    private static func condition(_ reader: YAMLReader) -> TailPolicy.Kind? {
        guard let mapping = reader.mapping(["error_mode", "span", "spanevent"]) else { return nil }
        let (spans, events) = (mapping["span"]?.conditions(.span) ?? [], mapping["spanevent"]?.conditions(.spanevent) ?? [])
        if mapping["span"] == nil, mapping["spanevent"] == nil { reader.missing("span", expected: "span or spanevent: a list of conditions") }
        return .condition(spans: spans, events: events, errorMode: mapping["error_mode"]?.errorMode() ?? .propagate)
    }
}
