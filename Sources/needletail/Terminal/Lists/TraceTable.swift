internal import TraceModel

/// Traces one a line.
enum TraceTable {
    /// Digits of an id where there is no room for 32: enough to tell traces apart, and `show` takes them.
    private static let shortIDLength = 12
    /// From this width on a line has room for whole ids.
    private static let widthForWholeIDs = 110

    /// - Parameters:
    ///   - rows: newest first.
    ///   - now: to leave out today's date.
    ///   - wholeIDs: even where a line is too short for them: programs read the output.
    static func lines(_ rows: [TraceRow], now: UInt64, wholeIDs: Bool, style: TerminalStyle) -> [String] {
        var table = TextTable(columns: columns)
        let inks = Ink.services(Set(rows.map(\.rootService)))
        let idLength = wholeIDs || style.width >= widthForWholeIDs ? 32 : shortIDLength
        for row in rows { table.rows.append(cells(row, now: now, inks: inks, idLength: idLength)) }
        return table.lines(style)
    }

    private static let columns: [TextTable.Column] = [
        .init("time"), .init("duration", .right), .init("service", minimum: 6, flexibility: 2), .init("name", minimum: 8, flexibility: 3),
        .init("spans", .right), .init("errors", .right), .init("trace"),
    ]

    private static func cells(_ row: TraceRow, now: UInt64, inks: [String: Ink], idLength: Int) -> [TextTable.Cell] {
        [
            .init(TimeText.short(row.startTime, now: now), .dim),
            .init(DurationText.text(row.duration)),
            .init(row.rootService, inks[row.rootService]),
            .init(row.rootName),
            .init(NumberText.grouped(row.spanCount)),
            .init(row.errorCount == 0 ? "" : "✗ \(NumberText.grouped(row.errorCount))", .error),
            .init(String("\(row.traceID)".prefix(idLength)), .dim),
        ]
    }

    /// One trace of a list that grows: columns of fixed widths.
    static func line(_ row: TraceRow, now: UInt64, style: TerminalStyle, inks: [String: Ink]) -> String {
        let idLength = style.width >= widthForWholeIDs ? 32 : shortIDLength
        let service = style.width >= 80 ? 18 : 12
        let errors = row.errorCount == 0 ? "" : "✗ \(NumberText.grouped(row.errorCount))"
        // Time 14, duration 10, spans 6, errors 5, and a gap of two between each.
        let rest = max(8, style.width - 14 - 10 - service - 6 - 5 - idLength - 12)
        let pieces: [String] = [
            style.paint(DisplayText.padded(TimeText.short(row.startTime, now: now), to: 14), .dim),
            DisplayText.padded(DurationText.text(row.duration), to: 10, .right),
            inks[row.rootService].map { style.paint(DisplayText.padded(row.rootService, to: service), $0) }
                ?? DisplayText.padded(row.rootService, to: service),
            DisplayText.padded(row.rootName, to: rest),
            DisplayText.padded(NumberText.grouped(row.spanCount), to: 6, .right),
            style.paint(DisplayText.padded(errors, to: 5, .right), .error),
            style.paint(String("\(row.traceID)".prefix(idLength)), .dim),
        ]
        return pieces.joined(separator: "  ")
    }
}
