internal import GRPCCore
internal import Inference
internal import ProtobufCoding

/// The trace and logging extensions.
extension GRPCInferenceService {
    func registerSettings<Transport: ServerTransport>(with router: inout RPCRouter<Transport>) {
        register("TraceSetting", .trace, with: &router) { [self] bytes in
            let request = try TraceSettingRequest(bytes)
            let model = request.modelName.isEmpty ? nil : request.modelName
            if !request.settings.isEmpty { try core.updateTraceSettings(request.settings, model: model) }
            return Self.message(try core.traceSettings(model: model))
        }
        register("LogSettings", .logging, with: &router) { [self] bytes in
            try LogSettingsRequest(bytes).apply(to: core.logging)
            return Self.message(core.logging.values)
        }
    }

    /// `TraceSettingResponse { 1 settings map<string, SettingValue> }`, `SettingValue { 1 value repeated string }`
    private static func message(_ settings: TraceSettingValues) -> [UInt8] {
        ProtobufWriter.message { writer in
            for (name, texts) in settings.values {
                writer.entry(1, name) { $0.texts(1, texts) }
            }
        }
    }

    /// `LogSettingsResponse { 1 settings map<string, SettingValue> }`,
    /// `SettingValue { oneof { 1 bool_param bool, 2 uint32_param uint32, 3 string_param string } }`
    private static func message(_ values: LoggingSettings.Values) -> [UInt8] {
        ProtobufWriter.message { writer in
            // Of a choice the default value is written too: it says which one is set.
            for (name, text) in [("log_file", values.file), ("log_format", values.format.rawValue)] {
                writer.entry(1, name) { $0.string(3 << 3 | 2, text, length: text.utf8.count) }
            }
            for (name, flag) in [("log_info", values.logsInfo), ("log_warning", values.logsWarnings), ("log_error", values.logsErrors)] {
                writer.entry(1, name) { $0.varint(1 << 3 | 0, flag ? 1 : 0) }
            }
            writer.entry(1, "log_verbose_level") { $0.varint(2 << 3 | 0, UInt64(values.verboseLevel)) }
        }
    }
}

/// `TraceSettingRequest { 1 settings map<string, SettingValue>, 2 model_name string }`
private struct TraceSettingRequest {
    var settings: [String: [String]] = [:]
    var modelName = ""

    init(_ bytes: [UInt8]) throws(MessageError) {
        try MessageCursor.read(bytes, "TraceSettingRequest") { (cursor, tag) throws(MessageError) in
            switch tag {
            case 1 << 3 | 2:
                var texts: [String] = []
                let name = try cursor.entry { (cursor, tag) throws(MessageError) in
                    if tag == 1 << 3 | 2 { texts.append(try cursor.text()) } else { try cursor.skip(tag) }
                }
                settings[name] = texts
            case 2 << 3 | 2: modelName = try cursor.text()
            default: try cursor.skip(tag)
            }
        }
    }
}

/// `LogSettingsRequest { 1 settings map<string, SettingValue> }`
private struct LogSettingsRequest {
    enum Value: Hashable, Sendable {
        case bool(Bool)
        case uint32(UInt32)
        case string(String)
        case unset
    }

    var settings: [(name: String, value: Value)] = []

    init(_ bytes: [UInt8]) throws(MessageError) {
        try MessageCursor.read(bytes, "LogSettingsRequest") { (cursor, tag) throws(MessageError) in
            guard tag == 1 << 3 | 2 else { return try cursor.skip(tag) }
            var value = Value.unset
            let name = try cursor.entry { (cursor, tag) throws(MessageError) in
                switch tag {
                case 1 << 3 | 0: value = .bool(try cursor.flag())
                case 2 << 3 | 0: value = .uint32(UInt32(truncatingIfNeeded: try cursor.varint()))
                case 3 << 3 | 2: value = .string(try cursor.text())
                default: try cursor.skip(tag)
                }
            }
            settings.append((name, value))
        }
    }

    /// Changes all settings that are named, or none.
    ///
    /// - Throws: Triton's words for the first that is wrong.
    func apply(to logging: LoggingSettings) throws(InferenceError) {
        guard !settings.isEmpty else { return }
        var changed = logging.values
        for (name, value) in settings {
            switch name {
            case "log_info": changed.logsInfo = try flag(name, value)
            case "log_warning": changed.logsWarnings = try flag(name, value)
            case "log_error": changed.logsErrors = try flag(name, value)
            case "log_verbose_level":
                guard case .uint32(let level) = value else { throw wrongType(name, expected: "unsigned integer") }
                changed.verboseLevel = level
            case "log_format":
                guard case .string(let text) = value else { throw wrongType(name, expected: "string") }
                guard let format = LoggingSettings.Format(rawValue: text) else {
                    throw InferenceError(.unavailable, "invalid argument for --log_format, got: \(text)")
                }
                changed.format = format
            case "log_file":
                throw InferenceError(.unsupported, "log file location can not be updated through network protocol")
            default: break
            }
        }
        let values = changed
        logging.update { $0 = values }
    }

    private func flag(_ name: String, _ value: Value) throws(InferenceError) -> Bool {
        guard case .bool(let flag) = value else { throw wrongType(name, expected: "boolean") }
        return flag
    }

    private func wrongType(_ name: String, expected: String) -> InferenceError {
        InferenceError(.invalidArgument, "expect \(expected) for '\(name)'")
    }
}
