import Logging
import Synchronization
import Testing

@testable import Inference

@Suite struct SettingsLogHandlerTests {
    /// Keeps what is logged.
    private final class Lines: Sendable {
        let texts = Mutex<[String]>([])
    }

    private struct Keeper: LogHandler {
        let lines: Lines
        var logLevel = Logger.Level.info
        var metadata: Logger.Metadata = [:]
        subscript(metadataKey key: String) -> Logger.Metadata.Value? {
            get { metadata[key] }
            set { metadata[key] = newValue }
        }
        func log(event: LogEvent) { lines.texts.withLock { $0.append("\(event.level) \(event.message)") } }
    }

    private let lines = Lines()

    private func logged(_ settings: LoggingSettings) -> [String] {
        let logger = SettingsLogHandler.logger(Logger(label: "t") { _ in Keeper(lines: lines) }, settings: settings)
        for level in Logger.Level.allCases { logger.log(level: level, "x") }
        return lines.texts.withLock { texts in
            defer { texts = [] }
            return texts
        }
    }

    @Test func theProgramsLevelCountsAtFirst() {
        #expect(logged(LoggingSettings()) == ["info x", "notice x", "warning x", "error x", "critical x"])
    }

    @Test func verboseLevelsTellMore() {
        let settings = LoggingSettings()
        settings.update { $0.verboseLevel = 1 }
        #expect(logged(settings).first == "debug x")
        settings.update { $0.verboseLevel = 2 }
        #expect(logged(settings).first == "trace x")
        settings.update { $0.verboseLevel = 0 }
        #expect(logged(settings).first == "info x")
    }

    @Test func eachKindCanBeSwitchedOff() {
        let settings = LoggingSettings()
        settings.update { $0.logsInfo = false }
        #expect(logged(settings) == ["warning x", "error x", "critical x"])
        settings.update { $0.logsWarnings = false }
        #expect(logged(settings) == ["error x", "critical x"])
        settings.update { $0.logsErrors = false }
        #expect(logged(settings).isEmpty)
    }
}
