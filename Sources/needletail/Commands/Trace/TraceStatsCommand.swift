internal import ArgumentParser
internal import JSONCoding
internal import TraceModel

/// `needletail trace stats`: what is stored, what comes in, and how services do.
struct TraceStatsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "stats",
        abstract: "Show what is stored, what comes in, and how often and how fast each service answers.",
        discussion: """
              needletail trace stats
              needletail trace stats --since 15m --json

            The services' figures are of all their spans in the time of --since, asked in TraceQL.
            """
    )

    @Option(help: ArgumentHelp("The time that the services' figures are about.", valueName: "duration"))
    var since: DurationArgument = .hours(1)

    @Flag(help: "Print one JSON document.")
    var json = false

    @OptionGroup(title: "Back end") var server: TraceServerOptions
    @OptionGroup(title: "Output") var terminal: TerminalOptions

    func run() async throws {
        try await TraceExit.reporting {
            let (status, services) = try await TraceServer.with(server) { server in
                (try await server.json("/api/ui/status"), try await server.serviceFigures(since: since.nanoseconds, now: TimeText.now))
            }
            if json {
                StandardOutput.write(Self.json(status: status, services: services, since: since.nanoseconds))
            } else {
                StatisticsText.lines(status: status, services: services, since: since.nanoseconds, style: terminal.style)
                    .forEach(StandardOutput.line)
            }
            return .success
        }
    }

    /// `{"store":{…},"ingest":{…},"sinceNano":N,"services":[…]}`: what the back end tells, and the services.
    static func json(status: JSONValue, services: [ServiceFigures], since: UInt64) -> [UInt8] {
        var writer = JSONWriter(reserving: 2048)
        writer.beginObject()
        for name in ["store", "ingest"] {
            guard let value = status[name] else { continue }
            writer.key(string: name)
            value.write(to: &writer)
        }
        writer.key("sinceNano")
        writer.uint(since)
        writer.key("services")
        writer.beginArray()
        for service in services { service.write(to: &writer) }
        writer.endArray()
        writer.endObject()
        return writer.finish() + [UInt8(ascii: "\n")]
    }
}
