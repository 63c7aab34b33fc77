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

            A trace is shown when no span came for a moment. The back end tells of new ones; one that cannot is asked again and again.
            Ctrl-C ends with exit code 0.
            """
    )

    @OptionGroup var filter: TraceFilterOptions

    @Option(help: ArgumentHelp("Begin with traces that are already there, so far back.", valueName: "duration"))
    var since: DurationArgument?

    @Option(help: "End after so many traces.")
    var count: Int?

    @Option(help: ArgumentHelp("Time between two looks, at a back end that does not tell of new traces.", valueName: "duration"))
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

    /// How long a stream that broke is left alone.
    private static let pause: UInt64 = 2_000_000_000
    /// What is the same after so long has settled.
    private static let settleTime: UInt64 = 1_000_000_000

    private func follow(_ server: TraceServer) async throws {
        let begin = TimeText.now
        var follower = TraceFollower(start: begin - min(since?.nanoseconds ?? 0, begin))
        var left = count ?? .max
        var wasConnected = false
        var isLost = false
        while left > 0 {
            do {
                let end = try await server.live { news in
                    if isLost { StandardError.line("… connected again") }
                    (wasConnected, isLost) = (true, false)
                    try await look(server, &follower, &left, known: news?.settled ?? [])
                    if left > 0, news.map({ $0.skipped > 0 }) ?? true {
                        // What the stream did not name has settled when it is the same in a second look.
                        try await Task.sleep(nanoseconds: Self.settleTime)
                        try await look(server, &follower, &left)
                    }
                    return left > 0
                }
                if case .refused(let reason) = end {
                    StandardError.line("… \(server.address.url) gives no live stream (\(reason)): looking every \(DurationText.text(interval.nanoseconds)) instead")
                    return try await poll(server, &follower, &left)
                }
            } catch let failure as CommandFailure where wasConnected && failure.exit == .unreachable {
                // The back end may come back.
            }
            guard left > 0 else { return }
            if !isLost { StandardError.line("… the live stream of \(server.address.url) broke off; trying again") }
            isLost = true
            try await Task.sleep(nanoseconds: Self.pause)
        }
    }

    private func poll(_ server: TraceServer, _ follower: inout TraceFollower, _ left: inout Int) async throws {
        while left > 0 {
            try await look(server, &follower, &left)
            if left > 0 { try await Task.sleep(nanoseconds: interval.nanoseconds) }
        }
    }

    /// Shows what is new.
    private func look(_ server: TraceServer, _ follower: inout TraceFollower, _ left: inout Int, known: Set<TraceID> = []) async throws {
        let now = TimeText.now
        let found = try await filter.find(server, start: follower.windowStart(now: now), limit: TraceFollower.searchLimit, now: now)
        let style = terminal.style
        let news = follower.settled(found.rows, known: known)
        if found.limited, !news.isEmpty { StandardError.line("… more traces came than are shown; narrow the search") }
        for row in news.prefix(left) { show(row, now: now, style: style) }
        left -= min(left, news.count)
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
