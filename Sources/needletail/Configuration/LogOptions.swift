internal import ArgumentParser
#if canImport(Glibc)
internal import Glibc
#else
internal import Darwin
#endif

/// What the inference server logs, in Triton's words; clients may change it while the server runs (`/v2/logging`).
struct LogOptions: ParsableArguments {
    enum Format: String, ExpressibleByArgument, CaseIterable {
        case standard = "default"
        case iso8601 = "ISO8601"
    }

    @Option(help: "How much is said beyond the usual: 0 nothing, 1 and more each request.")
    var logVerbose: UInt32 = 0

    @Option(help: "Log what goes as it should.")
    var logInfo: Switch = Switch(true)

    @Option(help: "Log warnings.")
    var logWarning: Switch = Switch(true)

    @Option(help: "Log errors.")
    var logError: Switch = Switch(true)

    @Option(help: "Form of the lines' times: default or ISO8601.")
    var logFormat: Format = .standard

    @Option(help: ArgumentHelp("Append the log to this file instead of the standard error.", valueName: "file"))
    var logFile: String?

    /// Makes the standard error the file of `--log-file`, so that all that is logged goes there.
    ///
    /// - Throws: `ValidationError` when the file cannot be written to.
    func redirect() throws {
        guard let logFile else { return }
        let descriptor = open(logFile, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0o644)
        guard descriptor >= 0, dup2(descriptor, STDERR_FILENO) >= 0 else {
            throw ValidationError("--log-file: cannot write to \(logFile): \(String(cString: strerror(errno)))")
        }
        close(descriptor)
    }
}
