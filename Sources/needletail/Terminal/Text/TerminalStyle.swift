internal import ArgumentParser

#if canImport(Glibc)
internal import Glibc
#else
internal import Darwin
#endif

/// Width and colours of what is printed.
struct TerminalStyle: Sendable {
    /// When colours are used.
    enum Colour: String, ExpressibleByArgument, CaseIterable {
        case auto
        case always
        case never
    }

    /// Columns of a line.
    var width: Int
    var isColoured: Bool

    /// Narrower and wider terminals are taken for these.
    static let widths = 40...500
    /// For output that goes to no terminal.
    static let defaultWidth = 100

    /// That of the standard output: `COLUMNS`, else the terminal's width, else ``defaultWidth``; colours for a terminal only, and none with
    /// `NO_COLOR` or `TERM=dumb`.
    static func standardOutput(_ colour: Colour) -> TerminalStyle {
        let isWanted = (environment("NO_COLOR") ?? "").isEmpty && environment("TERM") != "dumb"
        return TerminalStyle(
            width: environment("COLUMNS").flatMap(Int.init).flatMap { $0 > 0 ? clamped($0) : nil } ?? terminalWidth ?? defaultWidth,
            isColoured: colour == .always || (colour == .auto && isTerminal && isWanted)
        )
    }

    /// The standard output goes to a terminal.
    static var isTerminal: Bool { isatty(STDOUT_FILENO) == 1 }

    private static var terminalWidth: Int? {
        var size = winsize()
        guard ioctl(STDOUT_FILENO, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else { return nil }
        return clamped(Int(size.ws_col))
    }

    private static func clamped(_ width: Int) -> Int { min(max(width, widths.lowerBound), widths.upperBound) }

    private static func environment(_ name: String) -> String? {
        getenv(name).map { String(cString: $0) }
    }

    /// The text in a colour, where there are colours. The text must be safe to show already.
    func paint(_ text: String, _ inks: Ink...) -> String {
        guard isColoured, !text.isEmpty, !inks.isEmpty else { return text }
        return "\u{1b}[\(inks.map(\.code).joined(separator: ";"))m\(text)\u{1b}[0m"
    }

    /// Joins pieces into lines no wider than the terminal.
    ///
    /// - Parameter pieces: Safe to show, without colours, and how each is painted.
    func wrapped(_ pieces: [(text: String, inks: [Ink])], separator: String) -> [String] {
        var lines: [String] = []
        var line = ""
        var used = 0
        for piece in pieces {
            let text = DisplayText.fitted(piece.text, to: width)
            let columns = DisplayText.width(text)
            if used > 0, used + separator.count + columns > width {
                lines.append(line)
                (line, used) = ("", 0)
            }
            if used > 0 {
                line += paint(separator, .dim)
                used += separator.count
            }
            line += piece.inks.reduce(text) { paint($0, $1) }
            used += columns
        }
        return used > 0 ? lines + [line] : lines
    }
}
