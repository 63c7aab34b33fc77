internal import JSONCoding
internal import TraceModel
internal import TraceQuery

/// Two traces side by side: what each step took in both, and which steps are in one alone.
struct DifferenceText {
    private let first: TraceTree
    private let second: TraceTree
    private let difference: TraceDifference
    private let stages: [StageDifference]

    /// What a stage took in both traces.
    private struct StageDifference {
        var stage: Stage
        var first: UInt64
        var second: UInt64
    }

    init(_ first: TraceTree, _ second: TraceTree) {
        self.first = first
        self.second = second
        difference = TraceDifference(first, second)
        let strips = [first, second].map { tree in
            Dictionary(StageBreakdown(tree).strip.map { ($0.stage, $0.duration) }, uniquingKeysWith: &+)
        }
        stages = Stage.allCases.compactMap { stage in
            guard strips[0][stage] != nil || strips[1][stage] != nil else { return nil }
            return StageDifference(stage: stage, first: strips[0][stage] ?? 0, second: strips[1][stage] ?? 0)
        }
    }

    var isSameStructure: Bool { difference.changedCount == 0 }

    // MARK: Text

    /// Gives the lines one by one.
    ///
    /// - Parameter rowLimit: The most steps to show; 0 for all.
    func write(_ style: TerminalStyle, rowLimit: Int, _ line: (String) -> Void) {
        line(trace("a", first, style))
        line(trace("b", second, style))
        let counts = [TraceDifference.Change.same, .removed, .added].map { change in difference.rows.count { $0.change == change } }
        line("\(NumberText.counted(counts[0], "step")) in both, \(NumberText.grouped(counts[1])) only in a, \(NumberText.grouped(counts[2])) only in b")
        if !stages.isEmpty {
            line("")
            stageTable(style).lines(style).forEach(line)
        }
        line("")
        writeSteps(style, rowLimit: rowLimit, line)
    }

    private func trace(_ name: String, _ tree: TraceTree, _ style: TerminalStyle) -> String {
        let summary = TraceSummary(tree.spans)
        let facts = "\(name)  \(summary.traceID)  \(DurationText.text(summary.duration))  \(NumberText.counted(summary.spanCount, "span"))"
        return DisplayText.fitted("\(facts)  \(summary.rootService)  \(summary.rootName)", to: style.width)
    }

    private func stageTable(_ style: TerminalStyle) -> TextTable {
        var table = TextTable(columns: [.init("stage"), .init("a", .right), .init("b", .right), .init("change", .right)])
        for stage in stages {
            table.rows.append([
                .init("\(StageLook(stage.stage).pattern) \(stage.stage.rawValue)", StageLook(stage.stage).ink), .init(DurationText.text(stage.first)),
                .init(DurationText.text(stage.second)), .init(change(stage.first, stage.second), ink(stage.first, stage.second)),
            ])
        }
        return table
    }

    private static let number = 9
    private static let changeWidth = 10

    private func writeSteps(_ style: TerminalStyle, rowLimit: Int, _ line: (String) -> Void) {
        let bar = max(7, min(31, (style.width - 60) | 1))
        let label = max(12, style.width - bar - 2 * Self.number - Self.changeWidth - 6)
        let greatest = difference.rows.reduce(UInt64(1)) { max($0, magnitude($1)) }
        let pad = { (text: String, columns: Int) in DisplayText.padded(text, to: columns, .right) }
        line(style.paint("  \(DisplayText.padded("step", to: label)) \(pad("a", Self.number)) \(pad("b", Self.number)) \(pad("change", Self.changeWidth))", .bold))
        var guides = TreeGuides()
        for (index, row) in difference.rows.enumerated() {
            if rowLimit > 0, index == rowLimit {
                return line(style.paint("… \(NumberText.counted(difference.rows.count - index, "more step")): --rows 0 shows all", .dim))
            }
            guides.enter(depth: row.depth, hasNextSibling: row.hasNextSibling)
            let durations = (row.first.map { first.span($0).duration }, row.second.map { second.span($0).duration })
            let sign = row.change == .same ? " " : row.change == .removed ? "-" : "+"
            let inks: [Ink] = row.change == .same ? [] : [row.change == .removed ? .error : .better]
            let name = DisplayText.padded(guides.lead(within: label / 2) + title(row), to: label)
            var text = "\(sign) \(name) \(pad(durations.0.map(DurationText.text) ?? "", Self.number)) \(pad(durations.1.map(DurationText.text) ?? "", Self.number))"
            text = inks.reduce(text) { style.paint($0, $1) }
            if let before = durations.0, let after = durations.1 {
                text += " " + style.paint(pad(change(before, after), Self.changeWidth), ink(before, after))
                text += " " + changeBar(before, after, greatest: greatest, width: bar, style)
            }
            line(text)
        }
    }

    private func title(_ row: TraceDifference.Row) -> String {
        if let row = row.second { return "\(second.serviceName(row)) \(second.span(row).name)" }
        return row.first.map { "\(first.serviceName($0)) \(first.span($0).name)" } ?? ""
    }

    private func magnitude(_ row: TraceDifference.Row) -> UInt64 {
        guard let before = row.first.map({ first.span($0).duration }), let after = row.second.map({ second.span($0).duration }) else { return 0 }
        return before > after ? before - after : after - before
    }

    private func change(_ before: UInt64, _ after: UInt64) -> String {
        if before == after { return "=" }
        return after > before ? "+\(DurationText.text(after - before))" : "-\(DurationText.text(before - after))"
    }

    private func ink(_ before: UInt64, _ after: UInt64) -> Ink {
        before == after ? .dim : after > before ? .warning : .better
    }

    /// To the left for faster, to the right for slower.
    private func changeBar(_ before: UInt64, _ after: UInt64, greatest: UInt64, width: Int, _ style: TerminalStyle) -> String {
        let half = width / 2
        let change = before > after ? before - after : after - before
        let count = change == 0 ? 0 : max(1, Int((Double(change) / Double(greatest) * Double(half)).rounded()))
        let bar = String(repeating: "█", count: min(count, half))
        if after >= before { return String(repeating: " ", count: half) + style.paint("│", .dim) + style.paint(bar, .warning) }
        return String(repeating: " ", count: half - min(count, half)) + style.paint(bar, .better) + style.paint("│", .dim)
    }

    // MARK: JSON

    /// One JSON document (docs/terminal.md).
    var json: [UInt8] {
        var writer = JSONWriter(reserving: 256 * (difference.rows.count + 4))
        writer.beginObject()
        writer.key("sameStructure")
        writer.bool(isSameStructure)
        for (name, tree) in [("a", first), ("b", second)] {
            writer.key(string: name)
            writer.beginObject()
            writer.key("traceID")
            writer.string("\(tree.spans.traceID)")
            writer.key("durationNano")
            writer.uint(tree.spans.duration)
            writer.key("spanCount")
            writer.int(tree.rows.count)
            writer.endObject()
        }
        writer.key("stages")
        writer.beginArray()
        for stage in stages {
            writer.beginObject()
            writer.key("stage")
            writer.string(stage.stage.rawValue)
            writer.key("aNano")
            writer.uint(stage.first)
            writer.key("bNano")
            writer.uint(stage.second)
            writer.endObject()
        }
        writer.endArray()
        writer.key("steps")
        writer.beginArray()
        for row in difference.rows { write(row, to: &writer) }
        writer.endArray()
        writer.endObject()
        return writer.finish() + [UInt8(ascii: "\n")]
    }

    private func write(_ row: TraceDifference.Row, to writer: inout JSONWriter) {
        writer.beginObject()
        writer.key("change")
        writer.string(row.change.rawValue)
        writer.key("depth")
        writer.int(row.depth)
        let either = row.second.map { (second, $0) } ?? row.first.map { (first, $0) }
        if let (tree, index) = either {
            writer.key("service")
            writer.string(tree.serviceName(index))
            writer.key("name")
            writer.string(tree.span(index).name)
        }
        for (name, tree, index) in [("a", first, row.first), ("b", second, row.second)] {
            guard let index else { continue }
            writer.key(string: "\(name)SpanID")
            writer.string("\(tree.span(index).spanID)")
            writer.key(string: "\(name)DurationNano")
            writer.uint(tree.span(index).duration)
        }
        writer.endObject()
    }
}
