internal import ArgumentParser

/// How the commands of `needletail trace` end.
struct TraceExit: Hashable {
    var rawValue: Int32

    /// Something was found, nothing is different, everything was taken.
    static let success = TraceExit(rawValue: 0)
    /// Nothing was found, something is different, spans were rejected.
    static let negative = TraceExit(rawValue: 1)
    /// The command line or a file is wrong.
    static let usage = TraceExit(rawValue: 2)
    /// The back end cannot be reached or failed.
    static let unreachable = TraceExit(rawValue: 3)

    static let help = """
        Exit codes: 0 found, 1 nothing found, 2 the command line or a query is wrong, 3 the back end cannot be reached.
        """

    /// Runs a command; a ``CommandFailure`` becomes a line on the standard error and its exit code.
    static func reporting(_ body: () async throws -> TraceExit) async throws {
        let exit: TraceExit
        do {
            exit = try await body()
        } catch let failure as CommandFailure {
            StandardError.line("needletail: \(failure.message)")
            exit = failure.exit
        }
        if exit != .success { throw ExitCode(exit.rawValue) }
    }
}

/// Why a command could not do its work.
struct CommandFailure: Error, Hashable, CustomStringConvertible {
    var exit: TraceExit
    /// What was wrong, where, and what to do.
    var message: String

    init(_ exit: TraceExit, _ message: String) {
        self.exit = exit
        self.message = message
    }

    var description: String { message }
}
