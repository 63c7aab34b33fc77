internal import ProtobufCoding
public import TraceModel

/// The spans of one process as datagrams for UDP port 6831, each filled as far as it fits.
///
/// A span that alone is too large for a datagram is shortened rather than lost: the largest values of attributes and events are
/// cut first, then events, links and attributes are dropped and counted. Ids, name, kind, status and times stay (name and status
/// message up to an eighth of a datagram). Such a span has the attribute ``shortenedKey``; so has a process whose tags take more
/// than a quarter of a datagram.
public struct JaegerDatagrams {
    /// One datagram: the call `emitBatch` in Thrift's compact protocol.
    public struct Datagram: Sendable {
        public var bytes: [UInt8]
        public var spanCount: Int
        fileprivate var first: Int
    }

    /// The attribute, `true`, of a span or process that did not fit into a datagram as it was.
    public static let shortenedKey = "needletail.shortened"

    /// No datagram is asked to be smaller: every span fits into this when it is shortened.
    public static let smallestSize = 1024

    /// What UDP over IPv4 can carry.
    public static let largestSize = 65_507

    private let group: ResourceSpans
    private let maximumValueLength: Int?
    /// The spans, numbered through the scopes.
    private let places: [(scope: Int, span: Int)]
    private var position = 0
    private var process: [UInt8]
    /// The bytes of a message with no span, without the head of the list.
    private var overhead: Int
    /// Span number `position`, already written.
    private var pending: [UInt8]?

    /// Bytes of a datagram, between ``smallestSize`` and ``largestSize``; it can be changed between datagrams.
    public var maximumSize: Int {
        didSet { prepare() }
    }

    /// - Parameters:
    ///   - group: the spans of one process.
    ///   - maximumTagValueLength: Unicode scalars of an attribute's text; longer ones are cut. `nil`: no limit.
    public init(_ group: ResourceSpans, maximumSize: Int, maximumTagValueLength: Int? = nil) {
        self.group = group
        self.maximumSize = maximumSize
        maximumValueLength = maximumTagValueLength
        places = group.scopeSpans.indices.flatMap { scope in group.scopeSpans[scope].spans.indices.map { (scope, $0) } }
        process = []
        overhead = 0
        prepare()
    }

    /// How many spans are in no datagram yet.
    public var remainingSpanCount: Int { places.count - position }

    /// Takes back a datagram that could not be sent: its spans come again, in smaller datagrams when ``maximumSize`` is lowered.
    public mutating func putBack(_ datagram: Datagram) {
        position = datagram.first
        pending = nil
    }

    /// The next datagram, or `nil` behind the last span.
    public mutating func next() -> Datagram? {
        guard remainingSpanCount > 0 else { return nil }
        let first = position
        var encoder = JaegerThriftEncoder<CompactThriftWriter>()
        encoder.writer.bytes.reserveCapacity(limit)
        while position < places.count {
            let mark = encoder.writer.bytes.count
            if let pending { encoder.writer.bytes += pending } else { encoder.span(jaegerSpan(position)) }
            pending = nil
            if overhead + Self.listHeadSize(position - first + 1) + encoder.writer.bytes.count > limit {
                if position > first {
                    pending = Array(encoder.writer.bytes[mark...])
                    encoder.writer.bytes.removeSubrange(mark...)
                    break
                }
                encoder.writer.bytes = shortened(position)
            }
            position += 1
        }
        let count = position - first
        let bytes = JaegerThriftEncoder<CompactThriftWriter>.message(process: process, spans: encoder.writer.bytes, count: count)
        return Datagram(bytes: bytes, spanCount: count, first: first)
    }

    private var limit: Int { min(max(maximumSize, Self.smallestSize), Self.largestSize) }

    private mutating func prepare() {
        pending = nil
        let share = limit / 4
        let whole = JaegerThriftEncoder<CompactThriftWriter>.encode(JaegerProcess(group.resource, maximumValueLength: maximumValueLength))
        process = whole.count <= share ? whole : JaegerShortening.process(group.resource, to: share, maximumValueLength: maximumValueLength)
        overhead = JaegerThriftEncoder<CompactThriftWriter>.message(process: process, spans: [], count: 0).count - Self.listHeadSize(0)
    }

    private func jaegerSpan(_ number: Int) -> JaegerSpan {
        let scoped = group.scopeSpans[places[number].scope]
        return JaegerSpan(scoped.spans[places[number].span], scope: scoped.scope, maximumValueLength: maximumValueLength)
    }

    private func shortened(_ number: Int) -> [UInt8] {
        let scoped = group.scopeSpans[places[number].scope]
        return JaegerShortening.span(
            scoped.spans[places[number].span], scope: scoped.scope, to: limit - overhead - Self.listHeadSize(1),
            maximumValueLength: maximumValueLength)
    }

    /// The compact protocol's head of a list with this many elements.
    private static func listHeadSize(_ count: Int) -> Int { count < 15 ? 1 : 1 + ProtobufWriter.size(count) }
}
