internal import TraceModel

/// Makes spans and processes fit into a datagram by giving up as little as possible.
enum JaegerShortening {
    /// No value of an attribute is cut to fewer bytes; beyond that, things are dropped as a whole.
    private static let shortestValue = 64

    // MARK: Spans

    /// The bytes of a span, at most `size`, with the mark of a shortened one.
    ///
    /// - Parameter size: at least three quarters of ``JaegerDatagrams/smallestSize``, less the head of a message.
    static func span(_ span: Span, scope: InstrumentationScope, to size: Int, maximumValueLength: Int?) -> [UInt8] {
        var span = span
        var scope = scope
        // Values as they are written, so that the text of a list can be cut.
        span.attributes = span.attributes.map { $0.jaegerTag(maximumValueLength) }
        for index in span.events.indices { span.events[index].attributes = span.events[index].attributes.map { $0.jaegerTag(maximumValueLength) } }
        boundTexts(&span, &scope, size)
        var bytes = encode(span, scope)
        if bytes.count <= size { return bytes }
        cutValues(&span, excess: bytes.count - size)
        for drop in [dropEvents, dropLinks, dropAttributes] {
            bytes = encode(span, scope)
            if bytes.count <= size { return bytes }
            let whole = span
            let count = fewest { drop(whole, $0).map { encode($0, scope).count <= size } ?? true }
            span = drop(whole, count) ?? drop(whole, count - 1) ?? whole
        }
        return encode(span, scope)
    }

    private static func encode(_ span: Span, _ scope: InstrumentationScope) -> [UInt8] {
        var span = span
        span.attributes.append(Attribute(JaegerDatagrams.shortenedKey, true))
        var encoder = JaegerThriftEncoder<CompactThriftWriter>()
        encoder.span(JaegerSpan(span, scope: scope))
        return encoder.writer.bytes
    }

    /// Cuts what is kept at all costs to shares of the span that leave room for the rest.
    private static func boundTexts(_ span: inout Span, _ scope: inout InstrumentationScope, _ size: Int) {
        span.name = prefix(span.name, size / 8)
        span.status.message = prefix(span.status.message, size / 8)
        scope.name = prefix(scope.name, size / 32)
        scope.version = prefix(scope.version, size / 32)
        // Half a list of members would be no list.
        if span.traceState.utf8.count > size / 16 { span.traceState = "" }
    }

    /// Cuts the largest values to one common length that removes the excess.
    private static func cutValues(_ span: inout Span, excess: Int) {
        var lengths = span.attributes.map(\.value.byteCount)
        for event in span.events { lengths += [event.name.utf8.count] + event.attributes.map(\.value.byteCount) }
        let level = level(lengths, excess: excess)
        cut(&span.attributes, to: level)
        for index in span.events.indices {
            span.events[index].name = prefix(span.events[index].name, level)
            cut(&span.events[index].attributes, to: level)
        }
    }

    /// The span without its last events; `nil` when it has not so many.
    private static func dropEvents(_ span: Span, _ count: Int) -> Span? {
        guard count <= span.events.count else { return nil }
        var span = span
        span.events.removeLast(count)
        span.droppedEventsCount = adding(count, to: span.droppedEventsCount)
        return span
    }

    private static func dropLinks(_ span: Span, _ count: Int) -> Span? {
        guard count <= span.links.count else { return nil }
        var span = span
        span.links.removeLast(count)
        span.droppedLinksCount = adding(count, to: span.droppedLinksCount)
        return span
    }

    /// The span without its largest attributes.
    private static func dropAttributes(_ span: Span, _ count: Int) -> Span? {
        guard count <= span.attributes.count else { return nil }
        var span = span
        span.attributes = withoutLargest(count, span.attributes)
        span.droppedAttributesCount = adding(count, to: span.droppedAttributesCount)
        return span
    }

    // MARK: Processes

    /// The bytes of a process, at most `size`, with the mark of a shortened one.
    static func process(_ resource: Resource, to size: Int, maximumValueLength: Int?) -> [UInt8] {
        var process = JaegerProcess(resource, maximumValueLength: maximumValueLength)
        process.serviceName = prefix(process.serviceName, size / 4)
        var tags = process.tags.filter { $0.key != JaegerTag.droppedAttributes }
        func encode(_ tags: [Attribute], dropped: Int = 0) -> [UInt8] {
            process.tags = tags + [Attribute(JaegerDatagrams.shortenedKey, true)]
            let count = adding(dropped, to: resource.droppedAttributesCount)
            if count > 0 { process.tags.append(Attribute(JaegerTag.droppedAttributes, .int(Int64(count)))) }
            return JaegerThriftEncoder<CompactThriftWriter>.encode(process)
        }
        cut(&tags, to: level(tags.map(\.value.byteCount), excess: encode(tags).count - size))
        let cut = encode(tags)
        if cut.count <= size { return cut }
        let dropped = fewest { $0 >= tags.count || encode(withoutLargest($0, tags), dropped: $0).count <= size }
        return encode(withoutLargest(dropped, tags), dropped: dropped)
    }

    // MARK: Parts

    /// The length to which values are cut so that they lose this many bytes together, the largest first.
    ///
    /// - Returns: at least ``shortestValue``, though that may be too long.
    private static func level(_ lengths: [Int], excess: Int) -> Int {
        guard excess > 0 else { return .max }
        let lengths = lengths.sorted(by: >)
        var sum = 0
        for (index, length) in lengths.enumerated() {
            sum += length
            let level = (sum - excess) / (index + 1)
            let next = index + 1 < lengths.count ? lengths[index + 1] : 0
            if sum >= excess, level >= next { return max(level, shortestValue) }
        }
        return shortestValue
    }

    private static func cut(_ attributes: inout [Attribute], to length: Int) {
        for index in attributes.indices {
            switch attributes[index].value {
            case .string(let text) where text.utf8.count > length: attributes[index].value = .string(prefix(text, length))
            case .bytes(let bytes) where bytes.count > length: attributes[index].value = .bytes(Array(bytes.prefix(length)))
            default: break
            }
        }
    }

    private static func withoutLargest(_ count: Int, _ attributes: [Attribute]) -> [Attribute] {
        let sizes = attributes.map { $0.key.utf8.count + $0.value.byteCount }
        let dropped = Set(attributes.indices.sorted { sizes[$0] > sizes[$1] }.prefix(count))
        return attributes.indices.filter { !dropped.contains($0) }.map { attributes[$0] }
    }

    /// The first characters of a text, at most this many bytes.
    private static func prefix(_ text: String, _ length: Int) -> String {
        guard text.utf8.count > length else { return text }
        var end = text.utf8.index(text.startIndex, offsetBy: length)
        while end.samePosition(in: text.unicodeScalars) == nil { end = text.utf8.index(before: end) }
        return String(text[..<end])
    }

    /// The smallest count above zero that is enough, found in steps that double and then halve.
    private static func fewest(_ isEnough: (Int) -> Bool) -> Int {
        var enough = 1
        while !isEnough(enough) { enough *= 2 }
        var tooFew = enough / 2
        while enough - tooFew > 1 {
            let middle = (tooFew + enough) / 2
            if isEnough(middle) { enough = middle } else { tooFew = middle }
        }
        return enough
    }

    private static func adding(_ count: Int, to dropped: UInt32) -> UInt32 { UInt32(clamping: Int(dropped) + count) }
}

extension AttributeValue {
    /// Bytes that cutting the value could save.
    fileprivate var byteCount: Int {
        switch self {
        case .string(let text): text.utf8.count
        case .bytes(let bytes): bytes.count
        default: 0
        }
    }
}
