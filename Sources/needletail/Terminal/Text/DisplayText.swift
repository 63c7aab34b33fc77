/// Text for a terminal: its width is counted in columns, and what could move the cursor or change the screen is written out.
enum DisplayText {
    /// Marks on one letter beyond this many are left out: more are an attack on the line, not a language.
    private static let maximumScalarsPerCharacter = 10

    /// The text without anything that a terminal would obey.
    ///
    /// Names come from whoever sends spans. Control characters (an escape sequence could hide lines or type commands), characters that
    /// turn the direction of writing, and invisible ones are shown as `\n`, `\t`, `\r` or `\u{1b}`.
    static func escaped(_ text: String) -> String {
        if text.utf8.allSatisfy({ (0x20..<0x7f).contains($0) }) { return text }
        var result = ""
        for character in text {
            for scalar in character.unicodeScalars.prefix(maximumScalarsPerCharacter) {
                if isSafe(scalar) {
                    result.unicodeScalars.append(scalar)
                } else {
                    result += written(scalar)
                }
            }
        }
        return result
    }

    private static func isSafe(_ scalar: Unicode.Scalar) -> Bool {
        // The joiner holds emoji together.
        if scalar.value == 0x200d { return true }
        return switch scalar.properties.generalCategory {
        case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate: false
        default: true
        }
    }

    private static func written(_ scalar: Unicode.Scalar) -> String {
        switch scalar {
        case "\n": "\\n"
        case "\t": "\\t"
        case "\r": "\\r"
        default: "\\u{\(String(scalar.value, radix: 16))}"
        }
    }

    /// Columns that the text takes, as most terminals count them (Unicode Standard Annex 11; emoji take two).
    static func width(_ text: some StringProtocol) -> Int {
        if text.utf8.allSatisfy({ (0x20..<0x7f).contains($0) }) { return text.utf8.count }
        return text.reduce(0) { $0 + width(of: $1) }
    }

    private static func width(of character: Character) -> Int {
        var width = 0
        for scalar in character.unicodeScalars {
            switch scalar.properties.generalCategory {
            case .nonspacingMark, .enclosingMark, .format, .control:
                // An emoji's presentation selector makes a wide character of a narrow one.
                if scalar.value == 0xfe0f, width > 0 { width = 2 }
            default:
                width = max(width, isWide(scalar) ? 2 : 1)
            }
        }
        return width
    }

    private static func isWide(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0..<0x1100: false
        case 0x1100...0x115f, 0x2329...0x232a, 0x2e80...0x303e, 0x3041...0x4dbf, 0x4e00...0xa4cf, 0xa960...0xa97f, 0xac00...0xd7a3,
            0xf900...0xfaff, 0xfe10...0xfe19, 0xfe30...0xfe6f, 0xff00...0xff60, 0xffe0...0xffe6, 0x16fe0...0x18cff, 0x1aff0...0x1b2ff,
            0x1f1e6...0x1f1ff, 0x1f200...0x1f265, 0x20000...0x3fffd:
            true
        default: scalar.properties.isEmojiPresentation
        }
    }

    /// The text, safe to show, in at most so many columns; what is cut ends in `…`.
    static func fitted(_ text: String, to columns: Int) -> String {
        // Longer text is cut anyway, and need not be looked at whole.
        let safe = escaped(text.utf8.count > 16 * columns + 64 ? String(text.prefix(columns + 1)) : text)
        if width(safe) <= columns { return safe }
        guard columns > 0 else { return "" }
        var result = ""
        var used = 0
        for character in safe {
            let next = width(of: character)
            if used + next > columns - 1 { break }
            used += next
            result.append(character)
        }
        return result + "…"
    }

    enum Alignment {
        case left
        case right
    }

    /// The text, safe to show, in exactly so many columns.
    static func padded(_ text: String, to columns: Int, _ alignment: Alignment = .left) -> String {
        let shown = fitted(text, to: columns)
        let blanks = String(repeating: " ", count: max(0, columns - width(shown)))
        return alignment == .left ? shown + blanks : blanks + shown
    }
}
