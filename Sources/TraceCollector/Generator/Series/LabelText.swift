internal import PrometheusMetrics
internal import TraceModel

/// Makes names and values fit to be labels.
enum LabelText {
    /// A label's name for an attribute: what Prometheus does not take becomes `_`; a name that is taken gets `__` in front.
    static func name(_ attribute: String, taken: Set<String>, maximumLength: Int) -> String {
        let name = MetricName.label(cut(attribute, maximumLength))
        return taken.contains(name) ? "__" + name : name
    }

    /// At most so many bytes of UTF-8, whole characters only; 0 is no bound.
    @inline(__always)
    static func cut(_ text: String, _ maximumLength: Int) -> String {
        if maximumLength <= 0 || text.utf8.count <= maximumLength { return text }
        return shortened(text, maximumLength)
    }

    private static func shortened(_ text: String, _ maximumLength: Int) -> String {
        var end = text.utf8.index(text.startIndex, offsetBy: maximumLength)
        while end > text.startIndex, end.samePosition(in: text.unicodeScalars) == nil { end = text.utf8.index(before: end) }
        return String(text[..<end])
    }

    /// An attribute's value as a label's.
    static func value(_ value: AttributeValue) -> String {
        switch value {
        case .string(let text): text
        case .bool(let flag): flag ? "true" : "false"
        case .int(let number): String(number)
        case .double(let number): "\(number)"
        case .bytes(let bytes): bytes.reduce(into: "") { $0 += ($1 < 16 ? "0" : "") + String($1, radix: 16) }
        case .array(let values): "[" + values.map(Self.value).joined(separator: ",") + "]"
        case .keyValueList(let attributes): "{" + attributes.map { "\($0.key):\(Self.value($0.value))" }.joined(separator: ",") + "}"
        case .empty: ""
        }
    }
}
