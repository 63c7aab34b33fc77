internal import TraceModel
internal import TraceQuery

/// A trace as lines of text: facts, stages, then one line a span with its place in the tree and on the time line.
struct Waterfall {
    struct Settings: Hashable {
        /// Spans deeper than this are counted, not shown; 0 for the top level.
        var depth: Int?
        /// At most this many spans are shown; 0 for all.
        var rowLimit = 1000
        var showsAttributes = false
        var showsEvents = false
    }

    private let tree: TraceTree
    private let breakdown: StageBreakdown
    private let style: TerminalStyle
    private let settings: Settings
    private let layout: WaterfallLayout
    private let inks: [String: Ink]
    private let segments: [Int: [StageSegment]]
    /// Each row's own time on the critical path; empty where there is no choice.
    private let onPath: [UInt64]

    /// Stands in front of the duration of what made the trace as long as it is.
    static let pathMark = "*"

    init(_ tree: TraceTree, style: TerminalStyle, settings: Settings = Settings()) {
        self.tree = tree
        self.style = style
        self.settings = settings
        breakdown = StageBreakdown(tree)
        layout = WaterfallLayout(width: style.width)
        inks = Ink.services(Set(tree.spans.serviceNames))
        segments = Dictionary(grouping: breakdown.segments, by: \.row)
        onPath = tree.rows.count > 1 ? CriticalPath(tree).exclusive : []
    }

    /// Gives the lines one by one.
    func write(_ line: (String) -> Void) {
        facts.forEach(line)
        guard !tree.rows.isEmpty else { return }
        line("")
        let strip = StageStrip.lines(breakdown.strip, duration: tree.spans.duration, style: style)
        if !strip.isEmpty {
            strip.forEach(line)
            line("")
        }
        line(axis)
        writeRows(line)
    }

    // MARK: Facts

    private var facts: [String] {
        let summary = TraceSummary(tree.spans)
        let title = summary.rootService.isEmpty ? "no spans" : "\(summary.rootService)  \(summary.rootName)"
        var pieces: [(text: String, inks: [Ink])] = [
            ("trace \(summary.traceID)", []), (TimeText.full(summary.startTime), []), (DurationText.text(summary.duration), [.bold]),
            (NumberText.counted(summary.spanCount, "span"), []), (NumberText.counted(summary.services.count, "service"), []),
        ]
        if summary.errorCount > 0 { pieces.append(("✗ \(NumberText.counted(summary.errorCount, "error"))", [.error])) }
        var lines = [style.paint(DisplayText.fitted(title, to: style.width), .bold)]
        lines += style.wrapped(pieces, separator: " · ")
        for warning in tree.warnings + breakdown.warnings {
            lines += style.wrapped("! \(warning)".split(separator: " ").map { (String($0), [.warning]) }, separator: " ")
        }
        return lines
    }

    /// What the mark means, and the times at both ends of the bars.
    private var axis: String {
        let end = DurationText.text(tree.spans.duration)
        let blanks = max(1, layout.bar - 1 - DisplayText.width(end))
        let legend = onPath.isEmpty ? "" : "\(Self.pathMark) on the critical path"
        let text = DisplayText.padded(legend, to: layout.width - layout.bar) + "0" + String(repeating: " ", count: blanks) + end
        return style.paint(text, .dim)
    }

    // MARK: Rows

    private func writeRows(_ line: (String) -> Void) {
        var guides = TreeGuides()
        var row = 0
        var shown = 0
        while row < tree.rows.count {
            if settings.rowLimit > 0, shown == settings.rowLimit {
                let rest = NumberText.counted(tree.rows.count - row, "more span")
                return line(style.paint("… \(rest): --rows 0 shows all, --depth folds", .dim))
            }
            let place = tree.rows[row]
            guides.enter(depth: place.depth, hasNextSibling: hasNextSibling(row))
            let folded = settings.depth.map { place.depth >= $0 } ?? false ? place.descendantCount : 0
            writeRow(row, folded: folded, guides: guides, line)
            shown += 1
            row += folded + 1
        }
    }

    private func hasNextSibling(_ row: Int) -> Bool {
        let next = row + tree.rows[row].descendantCount + 1
        return next < tree.rows.count && tree.rows[next].parent == tree.rows[row].parent
    }

    private func writeRow(_ row: Int, folded: Int, guides: TreeGuides, _ line: (String) -> Void) {
        let span = tree.span(row)
        let service = tree.serviceName(row)
        let label = label(row, span, service: service, folded: folded, guides: guides)
        let duration = DisplayText.padded(DurationText.text(span.duration), to: WaterfallLayout.duration, .right)
        let bar = SpanBar(start: tree.spans.offset(span.startTime), duration: span.duration, segments: segments[row] ?? [])
            .text(total: tree.spans.duration, width: layout.bar, ink: inks[service] ?? .dim, style: style)
        let isOnPath = onPath.indices.contains(row) && onPath[row] > 0
        line("\(label)\(isOnPath ? style.paint(Self.pathMark, .bold) : " ")\(duration) \(bar)")

        let isParent = tree.rows[row].descendantCount > folded
        let margin = guides.continued(isParent: isParent, within: layout.guides)
        if span.status.code == .error {
            writeBelow(margin, "✗ \(TraceSummary.errorMessage(of: span))", .error, line)
        }
        if settings.showsAttributes {
            for attribute in span.attributes { writeBelow(margin, "\(attribute.key) = \(attribute.value.displayText)", .dim, line) }
        }
        guard settings.showsEvents else { return }
        for event in span.events {
            let time = event.time >= tree.spans.startTime ? DurationText.text(event.time - tree.spans.startTime) : "before"
            let attributes = event.attributes.map { " \($0.key)=\($0.value.displayText)" }.joined()
            writeBelow(margin, "• \(time) \(event.name)\(attributes)", .dim, line)
        }
    }

    /// A line of detail below a span.
    private func writeBelow(_ margin: String, _ text: String, _ ink: Ink, _ line: (String) -> Void) {
        let room = max(8, style.width - DisplayText.width(margin))
        line(style.paint(margin, .dim) + style.paint(DisplayText.fitted(text, to: room), ink))
    }

    /// Tree, service where it changes, name, and how many spans are folded away.
    private func label(_ row: Int, _ span: Span, service: String, folded: Int, guides: TreeGuides) -> String {
        let parent = tree.rows[row].parent
        let lead = guides.lead(within: layout.guides)
        var room = layout.label - DisplayText.width(lead)
        var result = style.paint(lead, .dim)
        if span.status.code == .error, room > 4 {
            result += style.paint("✗ ", .error)
            room -= 2
        }
        let suffix = folded > 0 ? " +\(NumberText.grouped(folded))" : ""
        room -= DisplayText.width(suffix)
        if parent < 0 || tree.serviceName(parent) != service {
            let text = DisplayText.fitted(service, to: max(4, room / 2))
            result += style.paint(text, inks[service] ?? .dim, .bold) + " "
            room -= DisplayText.width(text) + 1
        }
        let name = DisplayText.fitted(span.name, to: max(1, room))
        room -= DisplayText.width(name)
        result += span.status.code == .error ? style.paint(name, .error) : name
        return result + style.paint(suffix, .dim) + String(repeating: " ", count: max(0, room))
    }
}

/// Columns of a waterfall.
struct WaterfallLayout {
    /// `2 min 33 s`, `12.3 ms`.
    static let duration = 9

    var width: Int
    /// Tree and names.
    var label: Int
    var bar: Int
    /// Of the label, what the tree's lines may take.
    var guides: Int

    init(width: Int) {
        self.width = width
        label = min(max(width * 42 / 100, 18), 72)
        bar = width - label - Self.duration - 2
        guides = label / 2
    }
}

extension AttributeValue {
    /// The value for people: text as it is, lists and maps as in JSON.
    var displayText: String {
        switch self {
        case .string(let text): text
        case .bool(let value): "\(value)"
        case .int(let value): "\(value)"
        case .double(let value): "\(value)"
        case .bytes(let bytes): "\(NumberText.bytes(bytes.count)) of bytes"
        case .array(let elements): "[\(elements.map(\.displayText).joined(separator: ", "))]"
        case .keyValueList(let members): "{\(members.map { "\($0.key): \($0.value.displayText)" }.joined(separator: ", "))}"
        case .empty: "(empty)"
        }
    }
}
