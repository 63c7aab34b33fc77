public import TraceModel

/// A trace made easier to read, with what was noticed on the way.
public struct AdjustedTrace: Sendable {
    public var batch: SpanBatch
    /// For spans by their number in the batch, from 0.
    public var warnings: [Int: [String]]
}

/// What Jaeger's query service does with a trace before it shows it: copies are removed, the server's half of a shared span gets an id
/// of its own, numbers that are IP addresses become text, and clock skew is taken out where that is allowed.
///
/// Jaeger, "adjuster"; the texts of the warnings are Jaeger's.
public struct TraceAdjuster: Sendable {
    /// The spans that are not as they came, by entry.
    private var changed: [Int: Span] = [:]
    private let batch: SpanBatch
    private let source: TraceSpans
    private let tree: TraceTree
    /// Nanoseconds; a greater skew is told and left; 0 leaves all.
    private let maximumSkew: UInt64
    private var warnings: [Int: [String]] = [:]

    /// - Parameter maximumClockSkew: nanoseconds by which spans may be moved; 0 moves none.
    public static func adjust(traceID: TraceID, batch: SpanBatch, maximumClockSkew: UInt64) -> AdjustedTrace {
        var adjuster = TraceAdjuster(batch, TraceSpans(traceID: traceID, batch: batch), maximumSkew: maximumClockSkew)
        adjuster.separateSharedIDs()
        adjuster.adjustClockSkew()
        adjuster.writeAddresses()
        return adjuster.result
    }

    private init(_ batch: SpanBatch, _ source: TraceSpans, maximumSkew: UInt64) {
        self.batch = batch
        self.source = source
        self.maximumSkew = maximumSkew
        tree = TraceTree(source)
    }

    /// A span as it is by now.
    private func span(_ entry: Int) -> Span { changed[entry] ?? source.entries[entry].span }

    private var result: AdjustedTrace {
        let hasAddresses = source.resources.contains { $0.attributes.contains { Self.addressKeys.contains($0.key) } }
        // Most traces need no second copy of all their spans.
        if changed.isEmpty, !hasAddresses, source.entries.count == self.batch.spanCount { return AdjustedTrace(batch: self.batch, warnings: warnings) }
        var batch = SpanBatch()
        var last = (resource: -1, scope: -1)
        for (index, entry) in source.entries.enumerated() {
            if entry.resource != last.resource {
                var resource = source.resources[entry.resource]
                Self.writeAddresses(&resource.attributes)
                batch.resourceSpans.append(ResourceSpans(resource: resource))
                last = (entry.resource, -1)
            }
            let group = batch.resourceSpans.count - 1
            if entry.scope != last.scope {
                batch.resourceSpans[group].scopeSpans.append(ScopeSpans(scope: source.scopes[entry.scope]))
                last.scope = entry.scope
            }
            batch.resourceSpans[group].scopeSpans[batch.resourceSpans[group].scopeSpans.count - 1].spans.append(span(index))
        }
        return AdjustedTrace(batch: batch, warnings: warnings)
    }

    // MARK: Shared ids

    /// A server span that has its client's id gets the smallest free one, and the client as its parent.
    private mutating func separateSharedIDs() {
        var shared: [(entry: Int, id: SpanID)] = []
        for row in tree.rows where row.parent >= 0 {
            let entry = row.entry
            let parent = tree.rows[row.parent].entry
            let span = source.entries[entry].span
            if span.kind == .server, span.spanID == source.entries[parent].span.spanID { shared.append((entry, span.spanID)) }
        }
        guard !shared.isEmpty else { return }
        let used = Set(source.entries.map(\.span.spanID))
        var next: UInt64 = 0
        var newIDs: [Int: SpanID] = [:]
        for (entry, id) in shared {
            repeat { next += 1 } while used.contains(SpanID(next))
            change(entry) { span in
                span.spanID = SpanID(next)
                span.parentSpanID = id
            }
            newIDs[entry] = SpanID(next)
        }
        for row in tree.rows where row.parent >= 0 && newIDs[row.entry] == nil {
            if let id = newIDs[tree.rows[row.parent].entry] { change(row.entry) { $0.parentSpanID = id } }
        }
    }

    // MARK: Clock skew

    private mutating func adjustClockSkew() {
        let hosts = source.resources.map(Self.host)
        var deltas = [Int64](repeating: 0, count: tree.rows.count)
        var seen: Set<SpanID> = []
        for (index, row) in tree.rows.enumerated() {
            let span = span(row.entry)
            if !seen.insert(span.spanID).inserted { warn(row.entry, "duplicate span IDs; skipping clock skew adjustment") }
            if row.isOrphan, let parent = span.parentSpanID {
                warn(row.entry, "parent span ID=\(parent) is not in the trace; skipping clock skew adjustment")
            }
            guard row.parent >= 0 else { continue }
            let parent = tree.rows[row.parent].entry
            let isOnSameHost = hosts[source.entries[row.entry].resource] == hosts[source.entries[parent].resource]
            deltas[index] = isOnSameHost ? deltas[row.parent] : Self.skew(of: span, in: self.span(parent))
            move(row.entry, by: deltas[index])
        }
    }

    /// Where a process runs, as well as its resource tells.
    private static func host(_ resource: Resource) -> AttributeValue {
        for key in ["ip", "host.ip", "host.id", "host.name", "net.host.ip"] {
            if let value = resource.attributes[key] { return value }
        }
        return .string(resource.serviceName)
    }

    /// How far the child has to move to lie in the middle of its parent; one that lasts longer is only kept from starting before it.
    private static func skew(of child: Span, in parent: Span) -> Int64 {
        if child.duration > parent.duration { return child.startTime < parent.startTime ? difference(parent.startTime, child.startTime) : 0 }
        if child.startTime >= parent.startTime, child.endTime <= parent.endTime { return 0 }
        let latency = (parent.duration - child.duration) / 2
        return difference(parent.startTime &+ latency, child.startTime)
    }

    private static func difference(_ left: UInt64, _ right: UInt64) -> Int64 {
        left >= right ? Int64(clamping: left - right) : -Int64(clamping: right - left)
    }

    private mutating func move(_ entry: Int, by delta: Int64) {
        if delta == 0 { return }
        let text = GoDuration.text(delta)
        if maximumSkew == 0 { return warn(entry, "clock skew adjustment disabled; not applying calculated delta of \(text)") }
        if delta.magnitude > maximumSkew {
            let limit = GoDuration.text(Int64(clamping: maximumSkew))
            return warn(entry, "max clock skew adjustment delta of \(limit) exceeded; not applying calculated delta of \(text)")
        }
        change(entry) { span in
            span.startTime = Self.moved(span.startTime, delta)
            span.endTime = Self.moved(span.endTime, delta)
            for index in span.events.indices { span.events[index].time = Self.moved(span.events[index].time, delta) }
        }
        warn(entry, "This span's timestamps were adjusted by \(text)")
    }

    private static func moved(_ time: UInt64, _ delta: Int64) -> UInt64 {
        if delta < 0 { return time - min(time, delta.magnitude) }
        let (sum, overflow) = time.addingReportingOverflow(delta.magnitude)
        return overflow ? .max : sum
    }

    private mutating func change(_ entry: Int, _ body: (inout Span) -> Void) {
        var span = span(entry)
        body(&span)
        changed[entry] = span
    }

    private mutating func warn(_ entry: Int, _ text: String) {
        warnings[entry, default: []].append(text)
    }

    // MARK: Addresses

    private static let addressKeys: Set<String> = ["ip", "peer.ipv4"]

    private mutating func writeAddresses() {
        for (entry, found) in source.entries.enumerated() where found.span.attributes.contains(where: { Self.addressKeys.contains($0.key) }) {
            change(entry) { Self.writeAddresses(&$0.attributes) }
        }
    }

    /// Old clients send an IPv4 address as a number.
    private static func writeAddresses(_ attributes: inout [Attribute]) {
        for index in attributes.indices where addressKeys.contains(attributes[index].key) {
            let number: UInt32
            switch attributes[index].value {
            case .int(let value): number = UInt32(truncatingIfNeeded: value)
            case .double(let value) where value >= 0 && value <= Double(UInt32.max): number = UInt32(value)
            default: continue
            }
            attributes[index].value = .string("\(number >> 24).\(number >> 16 & 255).\(number >> 8 & 255).\(number & 255)")
        }
    }
}
