internal import ArgumentParser

/// `needletail trace`: traces in the terminal.
struct TraceCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "trace",
        abstract: "Look at traces in the terminal, and bring them in and out."
    )
}
