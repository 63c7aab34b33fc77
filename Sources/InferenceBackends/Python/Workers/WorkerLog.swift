internal import JSONCoding
internal import Logging

/// The worker's lines in the server's log, with the model's name.
struct WorkerLog: Sendable {
    var logger: Logger

    /// Longer lines are cut.
    static let maxLineLength = 16 << 10

    init(_ logger: Logger, model: String, instance: Int) {
        self.logger = logger
        self.logger[metadataKey: "model"] = .string(model)
        self.logger[metadataKey: "instance"] = .stringConvertible(instance)
    }

    /// A line of its standard output or error.
    func line(_ text: some StringProtocol) {
        logger.info("\(text.prefix(Self.maxLineLength))")
    }

    /// A `log` message: `{"level": "info", "message": "…"}`.
    func write(_ header: [UInt8]) {
        guard let value = try? JSONValue.parse(header), let message = value["message"]?.stringValue else { return }
        let text = message.prefix(Self.maxLineLength)
        switch value["level"]?.stringValue {
        case "error": logger.error("\(text)")
        case "warning": logger.warning("\(text)")
        case "verbose": logger.debug("\(text)")
        default: logger.info("\(text)")
        }
    }
}
