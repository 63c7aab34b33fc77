import FuzzSupport
import Testing
import TraceModel
import TraceWire

@Suite struct JaegerDatagramsTests {
    private static let shortened = Attribute(JaegerDatagrams.shortenedKey, true)

    /// All datagrams, and the spans in them.
    private func pack(_ group: ResourceSpans, _ size: Int) throws -> (datagrams: [JaegerDatagrams.Datagram], groups: [ResourceSpans], spans: [Span]) {
        var packer = JaegerDatagrams(group, maximumSize: size)
        var datagrams: [JaegerDatagrams.Datagram] = []
        while let datagram = packer.next() { datagrams.append(datagram) }
        #expect(packer.remainingSpanCount == 0)
        let groups = try datagrams.flatMap { try JaegerThrift.decodeCompactMessage($0.bytes).batch.resourceSpans }
        let spans = groups.flatMap { $0.scopeSpans.flatMap(\.spans) }
        #expect(datagrams.reduce(0) { $0 + $1.spanCount } == spans.count)
        #expect(datagrams.allSatisfy { $0.bytes.count <= size })
        return (datagrams, groups, spans)
    }

    private func group(_ spans: [Span], _ attributes: [Attribute] = []) -> ResourceSpans {
        ResourceSpans(resource: Resource(attributes: [Attribute("service.name", "s")] + attributes), scopeSpans: [ScopeSpans(spans: spans)])
    }

    private func span(_ id: UInt64, _ attributes: [Attribute] = []) -> Span {
        Span(
            traceID: TraceID(high: 1, low: id), spanID: SpanID(id), parentSpanID: SpanID(9), flags: 1, name: "name", kind: .server,
            startTime: 1_000_000, endTime: 2_000_000, attributes: attributes, status: .error("why"))
    }

    @Test("What fits into one datagram is the plain message")
    func one() throws {
        let group = group((1...40).map { span($0) })
        let packed = try pack(group, 65_000)
        #expect(packed.datagrams.map(\.bytes) == [JaegerThrift.encodeCompactMessage(group)])
    }

    @Test("Datagrams are filled as far as it fits, for every size", arguments: [1_024, 1_025, 1_500, 4_097, 9_216, 65_000])
    func full(_ size: Int) throws {
        let spans = (1...400).map { span($0, [Attribute("k", .string(String(repeating: "v", count: Int($0) % 50)))]) }
        let packed = try pack(group(spans), size)
        #expect(packed.spans == spans)
        // No datagram but the last has room for the next span, which takes at most 170 bytes.
        #expect(packed.datagrams.dropLast().allSatisfy { $0.bytes.count > size - 170 })
    }

    @Test("Any span fits into any size; ids, name, kind, status and times stay", arguments: [1_024, 2_000, 9_216, 65_000])
    func random(_ size: Int) throws {
        var random = RandomBatch(seed: UInt64(size))
        for _ in 0..<60 {
            var original = random.span()
            original.name = "name"
            original.traceState = "a=b"
            original.status.message = "message"
            for index in 0..<Int.random(in: 1...4, using: &random.generator) {
                original.attributes.append(Attribute("k\(index)", .string(String(repeating: "ü", count: Int.random(in: 0...50_000, using: &random.generator)))))
            }
            original.events += (0..<Int.random(in: 0...3000, using: &random.generator)).map { SpanEvent(time: UInt64($0) * 1000, name: "event \($0)") }
            let packed = try pack(group([original]), size)
            let arrived = try #require(packed.spans.first)
            #expect(packed.datagrams.count == 1)
            #expect(arrived.traceID == original.traceID)
            #expect(arrived.spanID == original.spanID)
            #expect(arrived.parentSpanID == original.parentSpanID)
            #expect(arrived.name == original.name)
            #expect(arrived.kind == original.kind)
            #expect(arrived.status == original.status)
            #expect(arrived.traceState == original.traceState)
            #expect(arrived.startTime == original.startTime / 1000 * 1000)
            let isShortened = arrived.attributes.contains(Self.shortened)
            #expect(isShortened == (JaegerThrift.encodeCompactMessage(group([original])).count > size))
            // What is not there was counted.
            let kept = arrived.attributes.count - (isShortened ? 1 : 0)
            #expect(UInt64(kept) + UInt64(arrived.droppedAttributesCount) >= UInt64(original.attributes.count))
            let events = UInt64(original.events.count) + UInt64(original.droppedEventsCount)
            #expect(UInt64(arrived.events.count) + UInt64(arrived.droppedEventsCount) == min(events, UInt64(arrived.events.count) + UInt64(UInt32.max)))
        }
    }

    @Test("The largest values are cut first, to one length, and no character in half")
    func largestFirst() throws {
        let span = span(
            1,
            [
                Attribute("large", .string(String(repeating: "é", count: 4_000))), Attribute("bytes", .bytes([UInt8](repeating: 7, count: 6_000))),
                Attribute("list", .array([.string(String(repeating: "l", count: 5_000))])), Attribute("small", .string(String(repeating: "s", count: 500))),
                Attribute("number", 5),
            ])
        let packed = try pack(group([span]), 4_000)
        let arrived = packed.spans[0]
        func length(_ key: String) -> Int {
            switch arrived.attributes[key] {
            case .string(let text)?: text.utf8.count
            case .bytes(let bytes)?: bytes.count
            default: 0
            }
        }
        #expect(length("small") == 500)
        #expect(length("bytes") > 900)
        #expect(length("list") == length("bytes"))
        #expect((length("bytes") - 1...length("bytes")).contains(length("large")))
        guard case .string(let text)? = arrived.attributes["large"] else { return #expect(Bool(false), "no text") }
        #expect(text.allSatisfy { $0 == "é" })
        #expect(arrived.attributes["number"] == 5)
        #expect(arrived.attributes.last == Self.shortened)
        #expect(arrived.droppedAttributesCount == 0)
        #expect(packed.datagrams[0].bytes.count > 3_980)
    }

    @Test("Events are dropped from the end before attributes are dropped")
    func events() throws {
        var span = span(1, [Attribute("a", 1)])
        span.events = (0..<1_000).map { SpanEvent(time: UInt64($0) * 1000, name: "tick \($0)", attributes: [Attribute("n", .int(Int64($0)))]) }
        let arrived = try pack(group([span]), 4_000).spans[0]
        #expect(arrived.events.count > 50)
        #expect(arrived.events == Array(span.events.prefix(arrived.events.count)))
        #expect(arrived.droppedEventsCount == UInt32(1_000 - arrived.events.count))
        #expect(arrived.attributes == [Attribute("a", 1), Self.shortened])
    }

    @Test("A key that is too large costs its attribute, not the others")
    func key() throws {
        let span = span(1, [Attribute(String(repeating: "k", count: 70_000), 1), Attribute("a", 1), Attribute("b", "text")])
        let arrived = try pack(group([span]), 65_000).spans[0]
        #expect(arrived.attributes == [Attribute("a", 1), Attribute("b", "text"), Self.shortened])
        #expect(arrived.droppedAttributesCount == 1)
    }

    @Test("A name, a status, a scope and a trace state that are all too large leave a span that arrives")
    func everythingTooLarge() throws {
        let long = String(repeating: "ß", count: 100_000)
        var span = span(1, (0..<2_000).map { Attribute("key \($0)", .int($0)) })
        span.name = long
        span.status = .error(long)
        span.traceState = long
        span.events = [SpanEvent(time: 0, name: long)]
        span.links = (1...500).map { SpanLink(traceID: TraceID(high: 0, low: $0), spanID: SpanID($0)) }
        (span.droppedAttributesCount, span.droppedEventsCount, span.droppedLinksCount) = (.max, .max, .max)
        let group = ResourceSpans(
            resource: Resource(attributes: [Attribute("service.name", .string(long))] + (0..<2_000).map { Attribute("key \($0)", .int($0)) }),
            scopeSpans: [ScopeSpans(scope: InstrumentationScope(name: long, version: long), spans: [span])])
        for size in [1_024, 65_000] {
            let packed = try pack(group, size)
            let arrived = try #require(packed.spans.first)
            #expect(arrived.spanID == span.spanID)
            #expect(long.hasPrefix(arrived.name) && arrived.name.utf8.count > size / 16)
            #expect(arrived.status.code == .error && arrived.status.message.utf8.count > size / 16)
            #expect(arrived.traceState == "")
            #expect(packed.groups[0].resource.attributes[JaegerDatagrams.shortenedKey] == true)
            #expect(packed.groups[0].resource.droppedAttributesCount > 0)
        }
    }

    @Test("A resource that is too large is shortened, and its spans are not")
    func resource() throws {
        let spans = (1...20).map { span($0) }
        let large = [Attribute("process.command_line", .string(String(repeating: "x", count: 100_000))), Attribute("host.name", "h")]
        let packed = try pack(group(spans, large), 65_000)
        #expect(packed.datagrams.count == 1)
        #expect(packed.spans == spans)
        let resource = packed.groups[0].resource
        #expect(resource.serviceName == "s")
        #expect(resource.attributes["host.name"] == "h")
        #expect(resource.attributes[JaegerDatagrams.shortenedKey] == true)
        #expect(resource.droppedAttributesCount == 0)
    }

    @Test("A datagram that the system does not send comes again in smaller ones")
    func putBack() throws {
        let spans = (1...200).map { span($0) }
        var packer = JaegerDatagrams(group(spans), maximumSize: 9_000)
        guard let first = packer.next(), let second = packer.next() else { return #expect(Bool(false), "too few datagrams") }
        packer.putBack(second)
        packer.maximumSize = 2_000
        var rest: [Span] = []
        while let datagram = packer.next() {
            #expect(datagram.bytes.count <= 2_000)
            rest += try JaegerThrift.decodeCompactMessage(datagram.bytes).batch.resourceSpans[0].scopeSpans[0].spans
        }
        #expect(rest == Array(spans[first.spanCount...]))
    }
}
