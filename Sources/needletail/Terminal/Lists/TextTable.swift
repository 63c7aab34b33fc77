/// Rows in columns that fit a line: wide columns give way, and what is cut ends in `…`.
struct TextTable {
    /// A column and how much of a line it may take.
    struct Column {
        var title: String
        var alignment: DisplayText.Alignment
        /// Never narrower, unless its content is.
        var minimum: Int
        /// Takes part in giving way when the line is too long, by this weight; 0 keeps its width.
        var flexibility: Int

        init(_ title: String, _ alignment: DisplayText.Alignment = .left, minimum: Int = 1, flexibility: Int = 0) {
            self.title = title
            self.alignment = alignment
            self.minimum = minimum
            self.flexibility = flexibility
        }
    }

    /// A text and how it is painted.
    struct Cell {
        var text: String
        var ink: Ink?

        init(_ text: String, _ ink: Ink? = nil) {
            self.text = text
            self.ink = ink
        }
    }

    private static let gap = 2

    var columns: [Column]
    var rows: [[Cell]] = []

    /// The lines, the titles first.
    func lines(_ style: TerminalStyle) -> [String] {
        let widths = widths(for: style.width)
        let titles = line(columns.map { Cell($0.title, .bold) }, widths, style)
        return [titles] + rows.map { line($0, widths, style) }
    }

    private func line(_ cells: [Cell], _ widths: [Int], _ style: TerminalStyle) -> String {
        var result = ""
        for (index, cell) in cells.enumerated() where index < widths.count {
            let isLast = index == widths.count - 1
            let column = columns[index]
            // No blanks at the end of a line.
            let text =
                isLast && column.alignment == .left
                ? DisplayText.fitted(cell.text, to: widths[index]) : DisplayText.padded(cell.text, to: widths[index], column.alignment)
            result += cell.ink.map { style.paint(text, $0) } ?? text
            if !isLast { result += String(repeating: " ", count: Self.gap) }
        }
        return result
    }

    /// Natural widths, less what is too much: the flexible columns give way, the widest (for its weight) first.
    private func widths(for total: Int) -> [Int] {
        var widths = columns.enumerated().map { index, column in
            rows.reduce(DisplayText.width(column.title)) { max($0, index < $1.count ? DisplayText.width(DisplayText.fitted($1[index].text, to: total)) : 0) }
        }
        var excess = widths.reduce(Self.gap * (widths.count - 1), +) - total
        while excess > 0 {
            let candidates = columns.indices.filter { columns[$0].flexibility > 0 && widths[$0] > columns[$0].minimum }
            guard let widest = candidates.max(by: { widths[$0] * columns[$1].flexibility < widths[$1] * columns[$0].flexibility }) else { break }
            widths[widest] -= 1
            excess -= 1
        }
        return widths
    }
}
