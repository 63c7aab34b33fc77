internal import TraceModel

/// The `key=value,key=value` form of `OTEL_RESOURCE_ATTRIBUTES` and `OTEL_EXPORTER_OTLP_HEADERS`: W3C Baggage without
/// properties, percent-encoded.
enum PercentEncodedList {
    /// What is wrong with a list.
    struct Mistake: Error, CustomStringConvertible {
        var description: String
    }

    /// Reads the pairs in their order; empty text is an empty list.
    static func parse(_ text: String) throws(Mistake) -> [(key: String, value: String)] {
        var pairs: [(key: String, value: String)] = []
        guard !text.trimmingBlanks().isEmpty else { return pairs }
        for (index, member) in text.split(separator: ",", omittingEmptySubsequences: false).enumerated() {
            guard let equals = member.firstIndex(of: "=") else {
                throw Mistake(description: "member \(index + 1) has no \"=\"")
            }
            let encodedValue = member[member.index(after: equals)...].trimmingBlanks()
            guard let key = member[..<equals].trimmingBlanks().percentDecoded(), let value = encodedValue.percentDecoded() else {
                throw Mistake(description: "member \(index + 1) has a \"%\" that is not followed by two hex digits of UTF-8")
            }
            guard !key.isEmpty else { throw Mistake(description: "member \(index + 1) has no key") }
            pairs.append((key, value))
        }
        return pairs
    }
}
