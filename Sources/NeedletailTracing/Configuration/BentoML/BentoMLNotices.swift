internal import Logging

/// What is worth saying of a file that can be used: old names, settings without effect. Each is said once.
final class BentoMLNotices {
    private(set) var messages: [String] = []

    func add(_ message: String) {
        if !messages.contains(message) { messages.append(message) }
    }

    func log(to logger: Logger) {
        for message in messages { logger.notice("\(message)") }
    }
}
