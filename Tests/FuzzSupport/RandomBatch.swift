public import TraceModel

/// Random batches that use every field of the model.
public struct RandomBatch {
    public var generator: SeededGenerator

    public init(seed: UInt64) {
        generator = SeededGenerator(seed: seed)
    }

    public mutating func batch() -> SpanBatch {
        SpanBatch(resourceSpans: list(0...2) { $0.resourceSpans() })
    }

    private mutating func list<Element>(_ range: ClosedRange<Int>, _ make: (inout RandomBatch) -> Element) -> [Element] {
        let count = Int.random(in: range, using: &generator)
        var elements: [Element] = []
        for _ in 0..<count { elements.append(make(&self)) }
        return elements
    }

    private mutating func resourceSpans() -> ResourceSpans {
        ResourceSpans(
            resource: Resource(attributes: attributes(), droppedAttributesCount: count()), schemaURL: text(),
            scopeSpans: list(0...2) { $0.scopeSpans() })
    }

    private mutating func scopeSpans() -> ScopeSpans {
        ScopeSpans(
            scope: InstrumentationScope(name: text(), version: text(), attributes: attributes(), droppedAttributesCount: count()),
            schemaURL: text(), spans: list(0...4) { $0.span() })
    }

    public mutating func span() -> Span {
        Span(
            traceID: TraceID(high: generator.next(), low: generator.next() | 1), spanID: SpanID(generator.next() | 1),
            parentSpanID: Bool.random(using: &generator) ? SpanID(generator.next() | 1) : nil, traceState: text(),
            flags: count(), name: text(), kind: SpanKind(rawValue: UInt8.random(in: 0...5, using: &generator)) ?? .internal,
            startTime: time(), endTime: time(), attributes: attributes(), droppedAttributesCount: count(),
            events: list(0...2) {
                SpanEvent(time: $0.time(), name: $0.text(), attributes: $0.attributes(), droppedAttributesCount: $0.count())
            },
            droppedEventsCount: count(),
            links: list(0...2) {
                SpanLink(
                    traceID: TraceID(high: $0.generator.next(), low: 5), spanID: SpanID($0.generator.next()), traceState: $0.text(),
                    attributes: $0.attributes(), droppedAttributesCount: $0.count(), flags: $0.count())
            },
            droppedLinksCount: count(),
            status: SpanStatus(code: SpanStatus.Code(rawValue: UInt8.random(in: 0...2, using: &generator)) ?? .unset, message: text()))
    }

    private mutating func attributes() -> [Attribute] {
        list(0...5) { Attribute(key: $0.text(), value: $0.value(depth: 0)) }
    }

    private mutating func value(depth: Int) -> AttributeValue {
        switch Int.random(in: 0...(depth < 4 ? 7 : 5), using: &generator) {
        case 0: .string(text())
        case 1: .bool(Bool.random(using: &generator))
        case 2: .int(Int64(bitPattern: generator.next()) >> Int64.random(in: 0...63, using: &generator))
        case 3: .double(double())
        case 4: .bytes(list(0...9) { UInt8.random(in: 0...255, using: &$0.generator) })
        case 5: .empty
        case 6: .array(list(0...3) { $0.value(depth: depth + 1) })
        default: .keyValueList(list(0...3) { Attribute(key: $0.text(), value: $0.value(depth: depth + 1)) })
        }
    }

    private mutating func double() -> Double {
        let value = Double(bitPattern: generator.next())
        // NaN is not equal to itself; it has a test of its own.
        return value.isNaN ? .infinity : value
    }

    private mutating func count() -> UInt32 {
        Bool.random(using: &generator) ? 0 : UInt32.random(in: 0...UInt32.max, using: &generator) >> UInt32.random(in: 0...31, using: &generator)
    }

    private mutating func time() -> UInt64 {
        generator.next() >> UInt64.random(in: 0...63, using: &generator)
    }

    private static let pieces = ["", "a", "http.request.method", "ä日😀", "\u{0}\u{1f}\"\\/\n", " ", "</script>", "\u{2028}", "\u{fffd}"]

    private mutating func text() -> String {
        switch Int.random(in: 0...9, using: &generator) {
        case 0: ""
        case 1: String(repeating: Self.pieces.randomElement(using: &generator) ?? "", count: Int.random(in: 0...200, using: &generator))
        default: list(0...3) { Self.pieces.randomElement(using: &$0.generator) ?? "" }.joined()
        }
    }
}
