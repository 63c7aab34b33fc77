internal import Logging

/// Tells about commits that fail, without a line for each: the first of a row, every thousandth, and the end.
struct FailureLog {
    private static let interval = 1000

    private let logger: Logger
    private var commitsInARow = 0
    private var spansInARow = 0

    init(logger: Logger) {
        self.logger = logger
    }

    mutating func failed(_ spans: Int, _ error: any Error) {
        if commitsInARow % Self.interval == 0 {
            logger.error(
                "Spans could not be stored; their senders were told to send them again",
                metadata: ["spans": "\(spans)", "failuresBefore": "\(commitsInARow)", "error": "\(error)"]
            )
        }
        commitsInARow += 1
        spansInARow += spans
    }

    mutating func succeeded() {
        guard commitsInARow > 0 else { return }
        logger.notice("Spans are stored again", metadata: ["failedCommits": "\(commitsInARow)", "refusedSpans": "\(spansInARow)"])
        commitsInARow = 0
        spansInARow = 0
    }
}
