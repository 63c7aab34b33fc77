internal import ArgumentParser
internal import JSONCoding
internal import TraceModel

/// `needletail trace search`: a list of traces.
struct TraceSearchCommand: AsyncParsableCommand {
    enum Format: String, ExpressibleByArgument, CaseIterable {
        case table
        case ids
        case json
    }

    static let configuration = CommandConfiguration(
        commandName: "search",
        abstract: "Find traces, newest first.",
        discussion: """
            A trace is found when one span of it meets all conditions:
              needletail trace search --service shop --operation "GET /cart" --min-duration 200ms --since 1h
              needletail trace search --tag error=true --tag http.response.status_code=503
              needletail trace search --query '{ span.triton.model_name = "resnet" } | avg(duration) > 50ms'

            For scripts: --format ids prints ids alone, one a line; --json prints {"traces":[…],"limited":false}.

            \(TraceExit.help)
            """
    )

    @OptionGroup var filter: TraceFilterOptions

    @Option(help: ArgumentHelp("How far to look back: 15m, 6h, 7d.", valueName: "duration"))
    var since: DurationArgument = .hours(48)

    @Option(help: "The most traces to show.")
    var limit: Int = 20

    @Option(help: "table, ids or json.")
    var format: Format = .table

    @Flag(help: "The same as --format json.")
    var json = false

    @OptionGroup(title: "Back end") var server: TraceServerOptions
    @OptionGroup(title: "Output") var terminal: TerminalOptions

    func validate() throws {
        guard (1...1500).contains(limit) else { throw ValidationError("--limit must be 1 to 1500 traces, got \(limit).") }
    }

    func run() async throws {
        try await TraceExit.reporting {
            let now = TimeText.now
            let found = try await TraceServer.with(server) { server in
                try await filter.find(server, since: since.nanoseconds, limit: limit, now: now)
            }
            switch json ? .json : format {
            case .json: StandardOutput.write(Self.json(found))
            case .ids: for row in found.rows { StandardOutput.line("\(row.traceID)") }
            case .table: printTable(found, now: now)
            }
            return found.rows.isEmpty ? .negative : .success
        }
    }

    private func printTable(_ found: TraceServer.Found, now: UInt64) {
        guard !found.rows.isEmpty else {
            return StandardError.line("no traces in the last \(DurationText.text(since.nanoseconds)); --since 7d looks further back")
        }
        let style = terminal.style
        // Whatever reads a pipe wants ids that it can use, and has no edge of a screen.
        let isTerminal = TerminalStyle.isTerminal
        TraceTable.lines(found.rows, now: now, wholeIDs: !isTerminal, style: style).forEach(StandardOutput.line)
        if found.limited { StandardError.line("only the newest \(found.rows.count); --limit shows more") }
    }

    static func json(_ found: TraceServer.Found) -> [UInt8] {
        var writer = JSONWriter(reserving: 64 + 320 * found.rows.count)
        writer.beginObject()
        writer.key("traces")
        writer.beginArray()
        for row in found.rows { row.write(to: &writer) }
        writer.endArray()
        writer.key("limited")
        writer.bool(found.limited)
        writer.endObject()
        return writer.finish() + [UInt8(ascii: "\n")]
    }
}
