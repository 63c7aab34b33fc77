internal import ArgumentParser

/// `needletail trace`: traces in the terminal.
struct TraceCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "trace",
        abstract: "Look at traces in the terminal, and bring them in and out.",
        discussion: """
            Each subcommand asks a running back end (`needletail up` or `needletail traces`, --url) and prints for people on a terminal,
            with --json for programs:
              needletail trace search --service shop --min-duration 200ms
              needletail trace search --query '{ status = error && duration > 1s }'
              needletail trace show 4bf92f35
              needletail trace show "$(needletail trace search --min-duration 1s --limit 1 --format ids)"

            \(TraceExit.help)
            """,
        subcommands: [
            TraceSearchCommand.self, TraceShowCommand.self, TraceTailCommand.self, TraceDiffCommand.self, TraceImportCommand.self,
            TraceExportCommand.self, TraceStatsCommand.self,
        ]
    )
}
