internal import TraceModel
internal import TraceWire

/// Writes spans for people.
///
///     2026-03-01 09:30:00.123Z shop SERVER GET /orders 12.3 ms ✗ no such order trace=… span=… parent=…
///         http.response.status_code: 404
///         +1.20 ms exception
///             exception.type: NotFound
///         link trace=… span=…
struct SpanPrinter {
    /// Characters of a name, a key or a status message; longer ones are cut.
    static let maximumNameLength = 256
    /// Characters of a value that are shown.
    static let maximumValueLength = 2048
    /// Lines of a value (a stack trace) that are shown.
    static let maximumValueLines = 40
    /// Attributes, events and links that are shown of each list.
    static let maximumListLength = 128

    private(set) var text = ""
    private let usesColor: Bool

    init(usesColor: Bool) {
        self.usesColor = usesColor
    }

    mutating func print(_ span: Span, resource: Resource, scope: InstrumentationScope) {
        let isError = span.status.code == .error
        add(UTCTimeText.text(span.startTime), .dim)
        add(" ")
        add(Self.line(resource.serviceName, Self.maximumNameLength), .bold)
        add(" \(Self.name(of: span.kind)) ")
        add(Self.line(span.name, Self.maximumNameLength), .bold)
        add(" \(DurationText.text(span.duration)) ")
        switch span.status.code {
        case .unset: add("-")
        case .ok: add("✓", .green)
        case .error:
            add("✗", .red)
            if !span.status.message.isEmpty { add(" " + Self.line(span.status.message, Self.maximumNameLength), .red) }
        }
        add(" trace=\(span.traceID) span=\(span.spanID)", .dim)
        if let parent = span.parentSpanID { add(" parent=\(parent)", .dim) }
        text.append("\n")
        if !scope.name.isEmpty { item("scope", .string(scope.version.isEmpty ? scope.name : "\(scope.name) \(scope.version)"), indent: 4) }
        if !span.traceState.isEmpty { item("tracestate", .string(span.traceState), indent: 4) }
        attributes(span.attributes, dropped: span.droppedAttributesCount, indent: 4)
        events(span, isError: isError)
        links(span)
    }

    // MARK: Lists

    private mutating func attributes(_ attributes: [Attribute], dropped: UInt32, indent: Int) {
        for attribute in attributes.prefix(Self.maximumListLength) { item(attribute.key, attribute.value, indent: indent) }
        rest(attributes.count, dropped, "attributes", indent: indent)
    }

    private mutating func events(_ span: Span, isError: Bool) {
        for event in span.events.prefix(Self.maximumListLength) {
            indent(4)
            let isBefore = event.time < span.startTime
            let offset = isBefore ? span.startTime - event.time : event.time - span.startTime
            add("\(isBefore ? "-" : "+")\(DurationText.text(offset)) ", .dim)
            add(Self.line(event.name, Self.maximumNameLength), isError && event.name == "exception" ? .red : .plain)
            text.append("\n")
            attributes(event.attributes, dropped: event.droppedAttributesCount, indent: 8)
        }
        rest(span.events.count, span.droppedEventsCount, "events", indent: 4)
    }

    private mutating func links(_ span: Span) {
        for link in span.links.prefix(Self.maximumListLength) {
            indent(4)
            add("link trace=\(link.traceID) span=\(link.spanID)", .dim)
            text.append("\n")
            attributes(link.attributes, dropped: link.droppedAttributesCount, indent: 8)
        }
        rest(span.links.count, span.droppedLinksCount, "links", indent: 4)
    }

    /// Says what is not shown, and what was never recorded.
    private mutating func rest(_ count: Int, _ dropped: UInt32, _ noun: String, indent width: Int) {
        if count > Self.maximumListLength {
            indent(width)
            add("(\(count - Self.maximumListLength) more \(noun))\n", .dim)
        }
        if dropped > 0 {
            indent(width)
            add("(\(dropped) \(noun) dropped by the span's limits)\n", .dim)
        }
    }

    /// `key: value`; a value of several lines stands below its key.
    private mutating func item(_ key: String, _ value: AttributeValue, indent width: Int) {
        indent(width)
        add(Self.line(key, Self.maximumNameLength) + ":", .dim)
        let whole = value.displayText
        let shown = Self.cut(whole, Self.maximumValueLength)
        let lines = shown.split(omittingEmptySubsequences: false) { $0.isNewline }
        if lines.count <= 1 {
            text.append(" " + Self.escaped(shown) + "\n")
            return
        }
        text.append("\n")
        for line in lines.prefix(Self.maximumValueLines) {
            indent(width + 4)
            text.append(Self.escaped(line) + "\n")
        }
        if lines.count > Self.maximumValueLines {
            indent(width + 4)
            add("(\(lines.count - Self.maximumValueLines) more lines)\n", .dim)
        }
    }

    // MARK: Text

    private enum Style: String {
        case plain = "", bold = "1", dim = "2", red = "31", green = "32"
    }

    private mutating func add(_ piece: String, _ style: Style = .plain) {
        guard usesColor, style != .plain else {
            text.append(piece)
            return
        }
        text.append("\u{1b}[\(style.rawValue)m\(piece)\u{1b}[0m")
    }

    private mutating func indent(_ width: Int) {
        text.append(String(repeating: " ", count: width))
    }

    private static func name(of kind: SpanKind) -> String {
        switch kind {
        case .unspecified, .internal: "INTERNAL"
        case .server: "SERVER"
        case .client: "CLIENT"
        case .producer: "PRODUCER"
        case .consumer: "CONSUMER"
        }
    }

    private static func line(_ text: String, _ maximum: Int) -> String {
        escaped(cut(text, maximum))
    }

    private static func cut(_ text: String, _ maximum: Int) -> String {
        if text.utf8.count <= maximum { return text }
        let scalars = text.unicodeScalars
        let kept = scalars.prefix(maximum)
        if kept.endIndex == scalars.endIndex { return text }
        return String(kept) + "…"
    }

    /// Without anything that a terminal obeys: names come from the network.
    static func escaped(_ text: some StringProtocol) -> String {
        guard text.unicodeScalars.contains(where: isHarmful) else { return String(text) }
        var result = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\n": result += "\\n"
            case "\r": result += "\\r"
            case "\t": result += "\\t"
            case _ where isHarmful(scalar): result += "\\u{\(String(scalar.value, radix: 16))}"
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result
    }

    /// Control characters (with them every escape sequence), line breaks of Unicode, and marks that turn the writing direction.
    private static func isHarmful(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0..<0x20, 0x7f..<0xa0, 0x2028, 0x2029, 0x200e, 0x200f, 0x202a...0x202e, 0x2066...0x2069, 0x61c: true
        default: false
        }
    }
}
