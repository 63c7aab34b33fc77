internal import ArgumentParser
internal import TraceModel
internal import TraceQuery

/// `needletail trace diff`: two traces compared.
struct TraceDiffCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "diff",
        abstract: "Compare two traces: steps that are in one alone, and what took longer.",
        discussion: """
            Spans are the same step when they have one service, one name and the same place in the tree:
              needletail trace diff 4bf92f35 a3ce929d
              needletail trace diff good.json slow.json --json

            a and b are ids (their first digits are enough) or files. + marks steps only in b, - those only in a.

            Exit codes: 0 the same structure, 1 a different one, 2 the command line or a file is wrong, 3 the back end cannot be reached.
            """
    )

    @Argument(help: "The first trace: an id or a file.")
    var a: String

    @Argument(help: "The second trace: an id or a file.")
    var b: String

    @Option(help: "The most steps to show; 0 for all.")
    var rows: Int = 1000

    @Flag(help: "Print one JSON document.")
    var json = false

    @OptionGroup(title: "Back end") var server: TraceServerOptions
    @OptionGroup(title: "Output") var terminal: TerminalOptions

    func validate() throws {
        guard rows >= 0 else { throw ValidationError("--rows must be 0 or more.") }
    }

    func run() async throws {
        try await TraceExit.reporting {
            let difference = try await TraceServer.with(server) { server in
                DifferenceText(try await tree(a, server), try await tree(b, server))
            }
            if json {
                StandardOutput.write(difference.json)
            } else {
                difference.write(terminal.style, rowLimit: rows, StandardOutput.line)
            }
            return difference.isSameStructure ? .success : .negative
        }
    }

    /// An id, or a file where the text is none. A trace that is not there is no difference: it is an error.
    private func tree(_ text: String, _ server: TraceServer) async throws -> TraceTree {
        do {
            let (id, batch) = TraceID(hex: text) == nil ? try TraceChoice.trace(nil, in: text) : try await server.trace(matching: text)
            return TraceTree(traceID: id, batch: batch)
        } catch let failure as CommandFailure where failure.exit == .negative {
            throw CommandFailure(.usage, failure.message)
        }
    }
}
