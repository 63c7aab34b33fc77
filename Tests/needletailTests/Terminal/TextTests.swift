import Testing

@testable import needletail

@Suite("Text for terminals")
struct TextTests {
    @Test(
        "what a terminal would obey is written out",
        arguments: [
            ("plain name", "plain name"),
            ("\u{1b}[2J\u{1b}]0;title\u{7}", #"\u{1b}[2J\u{1b}]0;title\u{7}"#),
            ("two\nlines\tand\r\n", #"two\nlines\tand\r\n"#),
            ("\u{9b}31m", #"\u{9b}31m"#),
            ("safe \u{202e}txt.exe", #"safe \u{202e}txt.exe"#),
            ("zero\u{200b}width\u{feff}", #"zero\u{200b}width\u{feff}"#),
            ("line\u{2028}break", #"line\u{2028}break"#),
            ("数据库 🚀 é", "数据库 🚀 é"),
            ("\u{7f}", #"\u{7f}"#),
        ])
    func escaping(text: String, expected: String) {
        #expect(DisplayText.escaped(text) == expected)
    }

    @Test("no scalar that a terminal obeys is left, whatever comes")
    func escapingIsComplete() {
        for value in (0...0x3000).compactMap(Unicode.Scalar.init(_:)) {
            let shown = DisplayText.escaped("a\(Character(value))b")
            for scalar in shown.unicodeScalars {
                #expect(scalar.value >= 0x20 && scalar.value != 0x7f && !(0x80...0x9f).contains(scalar.value))
                #expect(!(0x202a...0x202e).contains(scalar.value) && !(0x2066...0x2069).contains(scalar.value))
            }
        }
    }

    @Test("a thousand marks on one letter stay one letter with a few")
    func stackedMarks() {
        let text = "a" + String(repeating: "\u{301}", count: 1000)
        #expect(DisplayText.escaped(text).unicodeScalars.count == 10)
        #expect(DisplayText.width(text) == 1)
    }

    @Test(
        "width in columns",
        arguments: [("abc", 3), ("数据库", 6), ("é", 1), ("e\u{301}", 1), ("🚀", 2), ("👨‍👩‍👧", 2), ("❤\u{fe0f}", 2), ("…", 1), ("한국", 4), ("ｆｕｌｌ", 8), ("", 0), ("🇩🇪", 2)])
    func width(text: String, expected: Int) {
        #expect(DisplayText.width(text) == expected)
    }

    @Test("text is cut to columns, not to characters, and says so")
    func fitting() {
        #expect(DisplayText.fitted("abcdef", to: 6) == "abcdef")
        #expect(DisplayText.fitted("abcdefg", to: 6) == "abcde…")
        #expect(DisplayText.fitted("数据库", to: 6) == "数据库")
        #expect(DisplayText.fitted("数据库", to: 5) == "数据…")
        #expect(DisplayText.fitted("数据库", to: 4) == "数…")
        #expect(DisplayText.fitted("abc", to: 0) == "")
        #expect(DisplayText.fitted("abc", to: 1) == "…")
        #expect(DisplayText.fitted("\n\n", to: 3) == #"\n…"#)
        #expect(DisplayText.padded("数", to: 4) == "数  ")
        #expect(DisplayText.padded("ab", to: 4, .right) == "  ab")
        let long = DisplayText.padded(String(repeating: "x\u{1b}", count: 1_000_000), to: 10)
        #expect(DisplayText.width(long) == 10)
    }

    @Test(
        "durations with three digits that count",
        arguments: [
            (0, "0 ns"), (999, "999 ns"), (1000, "1.00 µs"), (12_345, "12.3 µs"), (999_499, "999 µs"), (999_500, "1.00 ms"), (12_300_000, "12.3 ms"),
            (1_240_000_000, "1.24 s"), (59_900_000_000, "59.9 s"), (60_000_000_000, "1 min 0 s"), (123_000_000_000, "2 min 3 s"),
            (3_600_000_000_000, "1 h 0 min"), (100_000_000_000_000, "1 d 3 h"),
        ] as [(UInt64, String)])
    func durations(nanoseconds: UInt64, expected: String) {
        #expect(DurationText.text(nanoseconds) == expected)
    }

    @Test("the longest duration there is does not trap")
    func longestDuration() {
        #expect(DurationText.text(.max).hasSuffix(" h"))
    }

    @Test("numbers, bytes and shares")
    func numbers() {
        #expect(NumberText.grouped(1_234_567) == "1\u{202f}234\u{202f}567")
        #expect(NumberText.grouped(-1000) == "-1\u{202f}000")
        #expect(NumberText.counted(1, "span") == "1 span")
        #expect(NumberText.bytes(1023) == "1023 B")
        #expect(NumberText.bytes(1536) == "1.50 KiB")
        #expect(NumberText.bytes(.max) == "8192 PiB")
        #expect(DurationText.share(1, of: 3) == "33 %")
        #expect(DurationText.share(1, of: 1000) == "<1 %")
        #expect(DurationText.share(0, of: 0) == "0 %")
    }

    @Test("columns give way until the line fits")
    func table() {
        var table = TextTable(columns: [.init("name", minimum: 4, flexibility: 1), .init("n", .right)])
        table.rows = [[.init("a long name of something"), .init("12")], [.init("数据库"), .init("3")]]
        let plain = TerminalStyle(width: 16, isColoured: false)
        #expect(table.lines(plain) == ["name           n", "a long name…  12", "数据库         3"])
        #expect(table.lines(TerminalStyle(width: 80, isColoured: false)).map(DisplayText.width) == [28, 28, 28])
    }

    @Test("colours surround text and take no columns; without colours there is nothing of them")
    func colours() {
        #expect(TerminalStyle(width: 80, isColoured: true).paint("x", .error, .bold) == "\u{1b}[31;1mx\u{1b}[0m")
        #expect(TerminalStyle(width: 80, isColoured: false).paint("x", .error) == "x")
        let names = Set((0..<12).map { "service-\($0)" })
        #expect(Set(Ink.services(names).values).count == 12)
        #expect(Ink.services(Set((0..<40).map { "service-\($0)" })).count == 40)
    }
}
