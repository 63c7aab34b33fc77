internal import TraceModel

/// What Jaeger's and Zipkin's pages ask of spans, as a filter of ours.
///
/// A service alone is a plain filter. Everything else becomes TraceQL, which can say, as they do, what one and the same span has.
struct SpanQuestion {
    var service: String?
    var operation: String?
    /// A value is compared as text or number; without one, the key has to be there, or an event of that name.
    var tags: [(key: String, value: String?)] = []
    var minimumDuration: UInt64?
    var maximumDuration: UInt64?
    /// Each condition may be met by another span of the service, as Zipkin has it; otherwise one span meets all.
    var isSpread = false

    /// Empty when everything is meant.
    var filter: String {
        var conditions: [String] = []
        if let operation { conditions.append("name = \(Self.quoted(operation))") }
        for tag in tags { conditions.append(Self.condition(tag.key, tag.value)) }
        var durations: [String] = []
        if let minimumDuration { durations.append("duration >= \(Self.text(ofDuration: minimumDuration))") }
        if let maximumDuration { durations.append("duration <= \(Self.text(ofDuration: maximumDuration))") }
        if !durations.isEmpty { conditions.append(durations.joined(separator: " && ")) }
        guard !conditions.isEmpty else { return service.map { "service:\(Self.plain($0))" } ?? "" }
        let service = service.map { "resource.service.name = \(Self.quoted($0))" }
        guard isSpread else { return "{ \(([service].compactMap(\.self) + conditions).joined(separator: " && ")) }" }
        return conditions.map { "{ \([service, $0].compactMap(\.self).joined(separator: " && ")) }" }.joined(separator: " && ")
    }

    private static func condition(_ key: String, _ value: String?) -> String {
        if key == "error", value == nil || value == "true" { return "status = error" }
        if key == "error", value == "false" { return "status != error" }
        let name = "." + (isPlainKey(key) ? key : quoted(key))
        guard let value else { return "(\(name) != nil || event:name = \(quoted(key)))" }
        // Both write every value as text; what looks like a number or a boolean may be one.
        let isNumber = Double(value) != nil && value.allSatisfy { $0.isASCII && ($0.isNumber || $0 == "." || $0 == "-") } && value.last != "."
        guard isNumber || value == "true" || value == "false" else { return "\(name) = \(quoted(value))" }
        return "(\(name) = \(quoted(value)) || \(name) = \(value))"
    }

    private static func isPlainKey(_ key: String) -> Bool {
        !key.isEmpty && key.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || "._-/".contains($0)) } && key.first?.isLetter == true
    }

    /// As TraceQL takes a text.
    private static func quoted(_ text: String) -> String {
        "\"" + text.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"").replacing("\n", with: "\\n") + "\""
    }

    /// As the filter takes a text.
    private static func plain(_ text: String) -> String {
        text.contains { $0.isWhitespace || $0 == "\"" } ? "\"" + text.filter { $0 != "\"" } + "\"" : text
    }

    /// Exactly, in the greatest unit without a fraction.
    private static func text(ofDuration nanoseconds: UInt64) -> String {
        for (size, unit) in [(1_000_000_000, "s"), (1_000_000, "ms"), (1_000, "us")] as [(UInt64, String)] where nanoseconds % size == 0 && nanoseconds > 0 {
            return "\(nanoseconds / size)\(unit)"
        }
        return "\(nanoseconds)ns"
    }
}
