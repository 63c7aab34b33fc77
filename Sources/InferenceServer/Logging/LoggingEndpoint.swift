internal import Inference
internal import JSONCoding

/// `/v2/logging`: Triton's logging extension.
enum LoggingEndpoint {
    /// The settings as they are now.
    static func reply(_ settings: LoggingSettings) -> HTTPReply {
        let values = settings.values
        var writer = JSONWriter()
        writer.beginObject()
        writer.key("log_file")
        writer.string(values.file)
        writer.key("log_info")
        writer.bool(values.logsInfo)
        writer.key("log_warning")
        writer.bool(values.logsWarnings)
        writer.key("log_error")
        writer.bool(values.logsErrors)
        writer.key("log_verbose_level")
        writer.uint(UInt64(values.verboseLevel))
        writer.key("log_format")
        writer.string(values.format.rawValue)
        writer.endObject()
        return HTTPReply(json: writer)
    }

    /// Changes what the body names, all of it or nothing; other members are left alone, as Triton does.
    static func update(_ settings: LoggingSettings, body: JSONValue?) throws(InferenceError) -> HTTPReply {
        let body = body ?? [:]
        if let file = body["log_file"], file != .null {
            throw InferenceError(.unsupported, "log file location can not be updated through network protocol")
        }
        let info = try body.bool("log_info")
        let warnings = try body.bool("log_warning")
        let errors = try body.bool("log_error")
        let verbose = try body.unsigned("log_verbose_level").map { UInt32(clamping: $0) }
        let format = try body.string("log_format").map { (text) throws(InferenceError) in
            guard let format = LoggingSettings.Format(rawValue: text) else {
                throw InferenceError(.unavailable, "invalid argument for --log_format, got: \(text)")
            }
            return format
        }
        settings.update { values in
            if let info { values.logsInfo = info }
            if let warnings { values.logsWarnings = warnings }
            if let errors { values.logsErrors = errors }
            if let verbose { values.verboseLevel = verbose }
            if let format { values.format = format }
        }
        return reply(settings)
    }
}
