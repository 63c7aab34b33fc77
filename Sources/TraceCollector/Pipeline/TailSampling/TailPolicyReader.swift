internal import NeedletailTracing

/// Reads the policies of `tail_sampling`, and those in one another.
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
        default: return TailPolicy.Kind.read(type, settings).map { TailPolicy(name: name, kind: $0) }
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
        // The Collector's for a share of 0; those that are not listed get nothing there, against what its documentation says.
        let allocations = ordered.map { part in
            guard let share = shares[part.name], share > 0 else { return maximum / parts.count }
            return maximum * share / 100
        }
        return TailPolicy(name: name, kind: .composite(allocations: allocations), parts: ordered)
    }
}
