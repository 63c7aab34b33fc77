internal import ArgumentParser
internal import JSONCoding
internal import Logging
internal import TraceModel
internal import TraceStoreSQLite
internal import TraceWire

/// `needletail trace import`: files into a back end or straight into a store.
struct TraceImportCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "import",
        abstract: "Bring traces of files into the back end.",
        discussion: """
            The content tells the format: OTLP (JSON or protobuf, one request or many), Jaeger JSON, Zipkin JSON, Triton's trace file; plain,
            gzip or zstd:
              needletail trace import traces.json other.json.gz
              curl -s http://jaeger:16686/api/traces/4bf92f35 | needletail trace import -
              needletail trace import trace_file.json.0 --dry-run
              needletail trace import *.jsonl --data-dir ./data

            The files are sent to the back end as OTLP; --data-dir writes into a store that no running back end uses. What is imported again
            is stored once.

            Exit codes: 0 all spans were taken, 1 some were rejected, 2 a file cannot be read, 3 the back end cannot be reached.
            """
    )

    @Argument(help: ArgumentHelp("Files; - for the standard input.", valueName: "files"))
    var files: [String]

    @Option(help: ArgumentHelp("Where spans are sent: OTLP over HTTP.", valueName: "url"))
    var otlpUrl: TraceServerAddress = .local(DefaultPort.otlpHTTP)

    @Option(help: ArgumentHelp("Write into the store of this folder instead.", valueName: "folder"))
    var dataDir: String?

    @Flag(help: "Read the files and tell what they hold; send nothing.")
    var dryRun = false

    @Flag(help: "One JSON object a line for each file.")
    var json = false

    @Option(help: "Seconds for which a busy back end is asked again, each time.")
    var timeout: Int = 60

    func validate() throws {
        guard (1...86_400).contains(timeout) else { throw ValidationError("--timeout must be 1 to 86400 seconds, got \(timeout).") }
    }

    func run() async throws {
        try await TraceExit.reporting {
            let destination = try await destination()
            do {
                let exit = try await importFiles(to: destination)
                await destination.close()
                return exit
            } catch {
                await destination.close()
                throw error
            }
        }
    }

    private func destination() async throws -> any ImportDestination {
        if dryRun { return NoDestination() }
        guard let dataDir else { return OTLPDestination(address: otlpUrl, timeout: timeout) }
        var logger = Logger(label: "needletail")
        logger.logLevel = .error
        do {
            return StoreDestination(store: try SQLiteTraceStore(directory: dataDir, logger: logger))
        } catch {
            throw CommandFailure(.usage, "--data-dir: \(DisplayText.escaped("\(error)"))")
        }
    }

    /// One file that cannot be read does not keep the others out.
    private func importFiles(to destination: any ImportDestination) async throws -> TraceExit {
        var exit = TraceExit.success
        for path in files {
            do {
                let report = try await FileImport.run(path, to: destination)
                report.print(json: json, isDryRun: dryRun)
                if report.rejected > 0, exit == .success { exit = .negative }
            } catch let failure as CommandFailure where failure.exit == .usage {
                StandardError.line("needletail: \(failure.message)")
                exit = .usage
            }
        }
        return exit
    }
}
