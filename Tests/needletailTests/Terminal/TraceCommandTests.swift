import ArgumentParser
import JSONCoding
import Testing
import TraceModel

@testable import needletail

@Suite("Trace commands")
struct TraceCommandTests {
    @Test("an address may leave out http://, and may not be something else")
    func addresses() {
        #expect(TraceServerAddress(argument: "127.0.0.1:16686")?.url == "http://127.0.0.1:16686")
        #expect(TraceServerAddress(argument: "https://traces.example/base/")?.url == "https://traces.example/base")
        #expect(TraceServerAddress(argument: "http://[::1]:16686")?.atPort(3200).url == "http://[::1]:3200")
        #expect(TraceServerAddress(argument: "http://host:16686/x")?.atPort(3200).url == "http://host:3200")
        for text in ["", "ftp://host", "http://", "http://host:70000", "http://host/?q=1", "http://ho st"] {
            #expect(TraceServerAddress(argument: text) == nil, "\(text)")
        }
    }

    @Test("wrong flags are errors before anything is asked")
    func wrongFlags() {
        for arguments in [
            ["search", "--tag", "noequals"], ["search", "--tag", "=x"], ["search", "--min-duration", "3 parsecs"],
            ["search", "--min-duration", "2s", "--max-duration", "1s"], ["search", "--query", "{}", "--service", "x"], ["search", "--limit", "0"],
            ["search", "--format", "xml"], ["show"], ["show", "abc", "--depth", "-1"], ["tail", "--count", "0"], ["tail", "--interval", "1ms"],
            ["diff", "abc"], ["search", "--url", "ftp://x"],
        ] {
            #expect(throws: (any Error).self, "\(arguments)") { try TraceCommand.parseAsRoot(arguments) }
        }
    }

    @Test("every help text says what the exit codes mean or gives an example", arguments: TraceCommand.configuration.subcommands.map { $0.configuration.commandName ?? "" })
    func help(name: String) {
        let text = TraceCommand.helpMessage(for: TraceCommand.configuration.subcommands.first { $0.configuration.commandName == name } ?? TraceCommand.self)
        #expect(text.contains("needletail trace \(name)"))
    }

    @Test("parameters are encoded, so that no value can add another")
    func encoding() {
        #expect(TraceServer.encoded("a b&c=d#é") == "a%20b%26c%3dd%23%c3%a9")
    }

    private func row(_ id: UInt64, spans: Int, start: UInt64 = 1000) -> TraceRow {
        TraceRow(traceID: TraceID(high: 0, low: id), rootService: "s", rootName: "n", startTime: start, duration: 5, spanCount: spans)
    }

    @Test("a trace is followed until it stops growing, and is shown once")
    func following() {
        var follower = TraceFollower(start: 500)
        #expect(follower.settled([row(1, spans: 1), row(2, spans: 4)]).isEmpty)
        #expect(follower.settled([row(1, spans: 3), row(2, spans: 4)]).map(\.spanCount) == [4])
        #expect(follower.settled([row(1, spans: 3), row(2, spans: 5)]).map(\.spanCount) == [3])
        #expect(follower.settled([row(1, spans: 3), row(2, spans: 5), row(3, spans: 1, start: 400)]).isEmpty)
        // What the back end says is not looked at twice, and not shown twice.
        let told = follower.settled([row(4, spans: 1, start: 600), row(5, spans: 1, start: 600)], known: [row(4, spans: 1).traceID])
        #expect(told == [row(4, spans: 1, start: 600)])
        #expect(follower.settled([row(4, spans: 2, start: 600), row(5, spans: 2, start: 600)]).isEmpty)
        #expect(follower.windowStart(now: 600) == 500)
        #expect(follower.windowStart(now: 500 + 2 * TraceFollower.window) == 500 + TraceFollower.window)
    }

    @Test("following for long does not remember for ever, and shows nothing twice")
    func followingForLong() {
        var follower = TraceFollower(start: 0)
        var shown: Set<TraceID> = []
        for second in 0..<400 as Range<UInt64> {
            // Each trace is found in two searches and more, ten new ones a second.
            let rows = (max(2, second) - 2...second).flatMap { old in (0..<10).map { row(old * 10 + $0, spans: 1, start: old * 1_000_000_000) } }
            for row in follower.settled(rows) { #expect(shown.insert(row.traceID).inserted) }
        }
        #expect(shown.count >= 3980)
    }

    @Test("a list in JSON is read back as it was")
    func listJSON() throws {
        var one = row(7, spans: 3)
        one.errorCount = 1
        one.errorMessage = "line\nbreak \u{1b}"
        one.services = [.init(name: "数", spanCount: 3)]
        let bytes = TraceSearchCommand.json(.init(rows: [one, row(8, spans: 1)], limited: true))
        let value = try JSONValue.parse(bytes)
        #expect(value["limited"]?.boolValue == true)
        #expect(value["traces"]?.arrayValue?.compactMap(TraceRow.init) == [one, row(8, spans: 1)])
    }

    @Test("traces as a table: no line is wider than the terminal", arguments: [40, 60, 80, 100, 160])
    func table(width: Int) {
        let rows = [
            TraceRow(
                traceID: TraceID(high: 1, low: 2), rootService: "a-service-with-quite-a-long-name", rootName: "GET /数据库/\u{1b}[31m/with/a/long/route",
                startTime: 1_700_000_000_000_000_000, duration: 123_456_789, spanCount: 1_234_567, errorCount: 12),
            row(3, spans: 1),
        ]
        let lines = TraceTable.lines(rows, now: 1_700_000_001_000_000_000, wholeIDs: false, style: TerminalStyle(width: width, isColoured: false))
        #expect(lines.count == 3)
        if width >= 60 { for line in lines { #expect(DisplayText.width(line) <= width, "\(line)") } }
        let followed = rows.map { TraceTable.line($0, now: 1_700_000_001_000_000_000, style: TerminalStyle(width: width, isColoured: false), inks: [:]) }
        if width >= 60 { for line in followed { #expect(DisplayText.width(line) <= width, "\(line)") } }
        #expect(!(lines + followed).joined().contains("\u{1b}"))
        #expect(lines[1].contains("✗ 12"))
    }
}
