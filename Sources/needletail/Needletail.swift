internal import ArgumentParser

/// The program: serve models, and see where every request spends its time.
@main
struct Needletail: AsyncParsableCommand {
    static let version = "0.1.0"

    static let configuration = CommandConfiguration(
        commandName: "needletail",
        abstract: "Serve ML models and follow every request, from the client to the answer.",
        discussion: """
            Start here:
              needletail up                       everything in one process, with a sample model: first trace in one minute
              needletail serve --trace-config …   only the inference server; traces go to any OTLP back end
              needletail traces                   only the trace back end with its page; takes anybody's spans
              needletail trace search             look at traces in the terminal

            Every flag can stand in a YAML file under the same name: --config needletail.yaml. A flag wins over the file.
            """,
        version: version,
        subcommands: [UpCommand.self, ServeCommand.self, TracesCommand.self, TraceCommand.self]
    )

    static func main() async {
        do {
            let arguments = try ConfigurationFile.expand(Array(CommandLine.arguments.dropFirst()))
            var command = try parseAsRoot(arguments)
            if var command = command as? any AsyncParsableCommand {
                try await command.run()
            } else {
                try command.run()
            }
        } catch {
            if CommandLine.arguments.dropFirst().first == "trace", exitCode(for: error) == .validationFailure {
                // As grep and its like have it: 1 is an answer, 2 a question that cannot be understood.
                StandardError.line(fullMessage(for: error))
                exit(withError: ExitCode(TraceExit.usage.rawValue))
            }
            exit(withError: error)
        }
    }
}
