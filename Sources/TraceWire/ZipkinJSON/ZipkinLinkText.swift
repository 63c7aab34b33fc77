internal import JSONCoding
internal import TraceModel

/// Links as the text of tags `otlp.link.0`, `otlp.link.1` …: `traceid|spanid|tracestate|{attributes}|dropped`.
///
/// The form is the OpenTelemetry Collector's; the specification leaves links open.
enum ZipkinLinkText {
    static func text(_ link: SpanLink) -> String {
        var writer = JSONWriter()
        PlainJSON.write(link.attributes, to: &writer)
        let attributes = String(decoding: writer.finish(), as: UTF8.self)
        return "\(link.traceID)|\(link.spanID)|\(link.traceState)|\(attributes)|\(link.droppedAttributesCount)"
    }

    /// - Returns: `nil` for text of another form.
    static func link(_ text: String, _ budget: inout ElementBudget) throws(WireError) -> SpanLink? {
        let bar = UInt8(ascii: "|")
        let bytes = Array(text.utf8)
        guard let first = bytes.firstIndex(of: bar), let second = bytes[(first + 1)...].firstIndex(of: bar),
            let last = bytes.lastIndex(of: bar), last > second,
            let traceID = TraceID(hex: String(decoding: bytes[..<first], as: UTF8.self)),
            let spanID = SpanID(hex: String(decoding: bytes[(first + 1)..<second], as: UTF8.self)),
            let count = UInt32(String(decoding: bytes[(last + 1)...], as: UTF8.self)),
            let (state, attributes) = try splitJSON(bytes[(second + 1)..<last], separator: "|", &budget)
        else { return nil }
        return SpanLink(traceID: traceID, spanID: spanID, traceState: state, attributes: attributes, droppedAttributesCount: count)
    }

    /// How many separators are tried: the text before the object may hold some too.
    private static let maximumAttempts = 8

    /// Splits `text`, the separator and `{attributes}`.
    static func splitJSON(
        _ bytes: ArraySlice<UInt8>, separator: StaticString, _ budget: inout ElementBudget
    ) throws(WireError) -> (text: String, attributes: [Attribute])? {
        let pattern = separator.withUTF8Buffer { Array($0) } + [UInt8(ascii: "{")]
        var index = bytes.startIndex
        var attempts = 0
        while attempts < maximumAttempts, index + pattern.count < bytes.endIndex {
            if bytes[index] == pattern[0], bytes[index..<(index + pattern.count)].elementsEqual(pattern) {
                attempts += 1
                var left = budget
                let attributes = try PlainJSON.parse(bytes[(index + pattern.count - 1)...]) { try PlainJSON.readMembers(&$0, &left) }
                budget = left
                if let attributes { return (String(decoding: bytes[..<index], as: UTF8.self), attributes) }
            }
            index += 1
        }
        return nil
    }
}
