internal import TraceModel

/// Traces one a line.
enum TraceTable {
    /// Digits of an id where there is no room for 32: enough to tell traces apart, and `show` takes them.
    private static let shortIDLength = 12
    /// From this width on a line has room for whole ids.
    private static let widthForWholeIDs = 110
    /// Below this width the count of spans is left out, and ids are shorter still.
    private static let widthForSpanCounts = 76
    private static let shortestIDLength = 8

    /// - Parameters:
    ///   - rows: newest first.
    ///   - now: to leave out today's date.
    ///   - wholeIDs: even where a line is too short for them: programs read the output.
    static func lines(_ rows: [TraceRow], now: UInt64, wholeIDs: Bool, style: TerminalStyle) -> [String] {
        let isNarrow = style.width < widthForSpanCounts
        var table = TextTable(columns: columns.filter { !isNarrow || $0.title != "spans" })
        let inks = Ink.services(Set(rows.map(\.rootService)))
        let idLength = wholeIDs || style.width >= widthForWholeIDs ? 32 : isNarrow ? shortestIDLength : shortIDLength
        for row in rows { table.rows.append(cells(row, now: now, inks: inks, idLength: idLength, hasSpanCount: !isNarrow)) }
        return table.lines(style)
    }

    private static let columns: [TextTable.Column] = [
        .init("time"), .init("duration", .right), .init("service", minimum: 4, flexibility: 2), .init("name", minimum: 6, flexibility: 3),
        .init("spans", .right), .init("errors", .right), .init("trace"),
    ]

    private static func cells(_ row: TraceRow, now: UInt64, inks: [String: Ink], idLength: Int, hasSpanCount: Bool) -> [TextTable.Cell] {
        let spanCount: [TextTable.Cell] = hasSpanCount ? [.init(NumberText.grouped(row.spanCount))] : []
        return [
            .init(TimeText.short(row.startTime, now: now), .dim), .init(DurationText.text(row.duration)),
            .init(row.rootService, inks[row.rootService]), .init(row.rootName),
        ] + spanCount + [
            .init(row.errorCount == 0 ? "" : "✗ \(NumberText.grouped(row.errorCount))", .error),
            .init(String("\(row.traceID)".prefix(idLength)), .dim),
        ]
    }

    /// One trace of a list that grows: columns of fixed widths.
    static func line(_ row: TraceRow, now: UInt64, style: TerminalStyle, inks: [String: Ink]) -> String {
        let isNarrow = style.width < widthForSpanCounts
        let idLength = style.width >= widthForWholeIDs ? 32 : isNarrow ? shortestIDLength : shortIDLength
        let service = isNarrow ? 6 : style.width < 90 ? 14 : 16
        let errors = row.errorCount == 0 ? "" : "✗ \(NumberText.grouped(row.errorCount))"
        // Time 14, duration 10, errors 5, and a gap of two between all columns.
        let rest = max(6, style.width - 14 - 10 - service - 5 - idLength - 10 - (isNarrow ? 0 : 8))
        var pieces = [
            style.paint(DisplayText.padded(TimeText.short(row.startTime, now: now), to: 14), .dim),
            DisplayText.padded(DurationText.text(row.duration), to: 10, .right),
            style.paint(DisplayText.padded(row.rootService, to: service), inks[row.rootService] ?? .bold),
            DisplayText.padded(row.rootName, to: rest),
        ]
        if !isNarrow { pieces.append(DisplayText.padded(NumberText.grouped(row.spanCount), to: 6, .right)) }
        pieces.append(style.paint(DisplayText.padded(errors, to: 5, .right), .error))
        pieces.append(style.paint(String("\(row.traceID)".prefix(idLength)), .dim))
        return pieces.joined(separator: "  ")
    }
}
