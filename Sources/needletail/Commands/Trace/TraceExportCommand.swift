internal import ArgumentParser
internal import TraceModel

/// `needletail trace export`: traces into a file.
struct TraceExportCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "export",
        abstract: "Write traces to a file or the standard output, for other programs or for `import`.",
        discussion: """
            By ids (their first digits are enough), or all that a search finds:
              needletail trace export 4bf92f35 a3ce929d --output two.json
              needletail trace export --service shop --since 1h --format jaeger --output shop.json.gz
              needletail trace export --query '{ status = error }' --format otlp-proto | ssh far needletail trace import -

            A file named ….gz or ….zst is compressed.

            \(TraceExit.help)
            """
    )

    @Argument(help: ArgumentHelp("Ids of traces, or their first digits.", valueName: "trace ids"))
    var ids: [String] = []

    @OptionGroup var filter: TraceFilterOptions

    @Option(help: ArgumentHelp("How far a search looks back: 15m, 6h, 7d.", valueName: "duration"))
    var since: DurationArgument = .hours(48)

    @Option(help: "The most traces of a search.")
    var limit: Int = 100

    @Option(help: "otlp-json, otlp-proto, jaeger or zipkin.")
    var format: TraceExport.Format = .otlpJSON

    @Option(name: .shortAndLong, help: ArgumentHelp("Write into this file instead of the standard output.", valueName: "file"))
    var output: String?

    @OptionGroup(title: "Back end") var server: TraceServerOptions

    func validate() throws {
        guard (1...1500).contains(limit) else { throw ValidationError("--limit must be 1 to 1500 traces, got \(limit).") }
    }

    func run() async throws {
        try await TraceExit.reporting {
            let traces = try await TraceServer.with(server) { server in try await fetch(server) }
            guard !traces.isEmpty else {
                StandardError.line("no traces in the last \(DurationText.text(since.nanoseconds)); --since 7d looks further back")
                return .negative
            }
            let bytes = TraceExport.encode(traces, as: format)
            guard let output else {
                StandardOutput.write(bytes)
                return .success
            }
            try FileBytes.write(TraceExport.compress(bytes, for: output), to: output)
            let spans = traces.reduce(0) { $0 + $1.batch.spanCount }
            StandardError.line("wrote \(NumberText.counted(spans, "span")) of \(NumberText.counted(traces.count, "trace")) to \(DisplayText.escaped(output))")
            return .success
        }
    }

    private func fetch(_ server: TraceServer) async throws -> [(id: TraceID, batch: SpanBatch)] {
        guard ids.isEmpty else {
            var traces: [(id: TraceID, batch: SpanBatch)] = []
            for text in ids { traces.append(try await server.trace(matching: text)) }
            return traces
        }
        var traces: [(id: TraceID, batch: SpanBatch)] = []
        for row in try await filter.find(server, since: since.nanoseconds, limit: limit, now: TimeText.now).rows {
            // One may have left the store since the search.
            if let batch = try await server.trace(row.traceID) { traces.append((row.traceID, batch)) }
        }
        return traces
    }
}
