internal import ArgumentParser
internal import JSONCoding
internal import TraceModel
internal import UnixSignals

/// `needletail trace tail`: traces as they come.
struct TraceTailCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "tail",
        abstract: "Follow new traces, one a line, until Ctrl-C.",
        discussion: """
            The conditions are those of `search`:
              needletail trace tail --service triton --min-duration 100ms
              needletail trace tail --tag error=true --json | jq .traceID
              needletail trace tail --count 1 --service shop

            A trace is shown when no span came for a moment. Ctrl-C ends with exit code 0.
            """
    )

    @OptionGroup var filter: TraceFilterOptions

    @Option(help: ArgumentHelp("Begin with traces that are already there, so far back.", valueName: "duration"))
    var since: DurationArgument?

    @Option(help: "End after so many traces.")
    var count: Int?

    @Option(help: ArgumentHelp("Time between two looks.", valueName: "duration"))
    var interval: DurationArgument = DurationArgument(nanoseconds: 1_000_000_000)

    @Flag(help: "One JSON object a line, as the elements of `search --json`.")
    var json = false

    @OptionGroup(title: "Back end") var server: TraceServerOptions
    @OptionGroup(title: "Output") var terminal: TerminalOptions

    func validate() throws {
        guard count.map({ $0 > 0 }) ?? true else { throw ValidationError("--count must be 1 or more.") }
        guard (100_000_000...3_600_000_000_000).contains(interval.nanoseconds) else {
            throw ValidationError("--interval must be between 100ms and 1h.")
        }
    }

    func run() async throws {
        try await TraceExit.reporting {
            try await TraceServer.with(server) { server in
                try await withThrowingTaskGroup(of: Void.self) { tasks in
                    tasks.addTask { try await follow(server) }
                    tasks.addTask { for await _ in await UnixSignalsSequence(trapping: .sigint, .sigterm) { return } }
                    defer { tasks.cancelAll() }
                    try await tasks.next()
                }
                return .success
            }
        }
    }

    private func follow(_ server: TraceServer) async throws {
        let begin = TimeText.now
        var follower = TraceFollower(start: begin - min(since?.nanoseconds ?? 0, begin))
        var left = count ?? .max
        while left > 0 {
            let now = TimeText.now
            let found = try await filter.find(server, start: follower.windowStart(now: now), limit: TraceFollower.searchLimit, now: now)
            let style = terminal.style
            let news = follower.settled(found.rows)
            if found.limited, !news.isEmpty { StandardError.line("… more traces came than are shown; narrow the search or lower --interval") }
            for row in news.prefix(left) { show(row, now: now, style: style) }
            left -= min(left, news.count)
            if left > 0 { try await Task.sleep(nanoseconds: interval.nanoseconds) }
        }
    }

    private func show(_ row: TraceRow, now: UInt64, style: TerminalStyle) {
        guard json else {
            return StandardOutput.line(TraceTable.line(row, now: now, style: style, inks: Ink.services([row.rootService])))
        }
        var writer = JSONWriter(reserving: 320)
        row.write(to: &writer)
        StandardOutput.write(writer.finish() + [UInt8(ascii: "\n")])
    }
}
