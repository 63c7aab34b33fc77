internal import ArgumentParser
internal import TraceModel
internal import TraceQuery
internal import TraceWire

/// `needletail trace show`: one trace as a waterfall.
struct TraceShowCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show",
        abstract: "Show one trace: its stages, and its spans as a tree on a time line.",
        discussion: """
            The first digits of an id are enough when no other trace begins with them:
              needletail trace show 4bf92f35
              needletail trace show 4bf92f35 --attributes --events
              needletail trace show 4bf92f35 --depth 2
              needletail trace show 4bf92f35 --json > trace.json
              needletail trace show --file trace.json

            Stages of inference requests have patterns: ░ waits, ▓ moves data, █ runs the model. --json prints OTLP JSON, which
            `needletail trace import` takes.

            \(TraceExit.help)
            """
    )

    @Argument(help: ArgumentHelp("The trace's id, or the first digits of it; - reads a trace from the standard input.", valueName: "trace id"))
    var id: String?

    @Option(help: ArgumentHelp("Show a trace of this file, without a back end.", valueName: "file"))
    var file: String?

    @Option(help: ArgumentHelp("Fold spans deeper than this; 0 shows the top level alone.", valueName: "levels"))
    var depth: Int?

    @Option(help: "The most spans to show; 0 for all.")
    var rows: Int = 1000

    @Flag(help: "Show the attributes of each span.")
    var attributes = false

    @Flag(help: "Show the events of each span.")
    var events = false

    @Flag(help: "Print the trace as OTLP JSON instead.")
    var json = false

    @OptionGroup(title: "Back end") var server: TraceServerOptions
    @OptionGroup(title: "Output") var terminal: TerminalOptions

    func validate() throws {
        guard id != nil || file != nil else { throw ValidationError("Which trace? Give its id, --file FILE, or - for the standard input.") }
        guard depth.map({ $0 >= 0 }) ?? true else { throw ValidationError("--depth must be 0 or more.") }
        guard rows >= 0 else { throw ValidationError("--rows must be 0 or more.") }
    }

    func run() async throws {
        try await TraceExit.reporting {
            let (traceID, batch) = try await fetch()
            if json {
                StandardOutput.write(OTLPJSON.encode(batch) + [UInt8(ascii: "\n")])
            } else {
                let settings = Waterfall.Settings(depth: depth, rowLimit: rows, showsAttributes: attributes, showsEvents: events)
                let tree = TraceTree(traceID: traceID, batch: batch)
                Waterfall(tree, style: terminal.style, settings: settings).write(StandardOutput.line)
            }
            return .success
        }
    }

    private func fetch() async throws -> (TraceID, SpanBatch) {
        if let file { return try TraceChoice.trace(id, in: file) }
        if id == "-" { return try TraceChoice.trace(nil, in: "-") }
        let found = try await TraceServer.with(server) { server in try await server.trace(matching: id ?? "") }
        return (found.id, found.batch)
    }
}
