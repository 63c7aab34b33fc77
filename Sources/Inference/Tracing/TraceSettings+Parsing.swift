/// The grammar of `--trace-config`: `<setting>=<value>` for all modes, `<mode>,<setting>=<value>` for one.
///
/// The first comma ends the mode, unless the first `=` comes before it; the first `=` after that ends the setting; the value
/// is all the rest. Mode and level names are read in any case.
extension TraceSettings {
    /// Names of the settings that every mode has.
    public static let globalSettingNames = ["level", "rate", "count", "mode"]
    /// Names of the settings of mode `opentelemetry`.
    public static let openTelemetrySettingNames = [
        "url", "resource", "bsp_max_queue_size", "bsp_schedule_delay", "bsp_max_export_batch_size",
    ]
    /// The modes that are available.
    public static let modeNames = ["opentelemetry"]

    /// Reads words in their order; a later word of the same setting wins, except `resource`, of which there may be many.
    ///
    /// - Throws: ``TraceSettingsError`` that names the word and lists what is valid.
    public init(traceConfig words: [String]) throws(TraceSettingsError) {
        self.init()
        for word in words { try apply(word) }
    }

    /// Applies one word on top of what is there.
    public mutating func apply(_ word: String) throws(TraceSettingsError) {
        let equals = word.firstIndex(of: "=")
        let comma = word.firstIndex(of: ",")
        var setting = word[...]
        var mode: Substring?
        if let comma, equals.map({ comma < $0 }) ?? true {
            mode = word[..<comma]
            setting = word[word.index(after: comma)...]
        }
        if let mode, mode.isEmpty {
            throw TraceSettingsError(.format, word: word, "No trace mode specified. \(Self.formatText) Got \(word)")
        }
        guard let split = setting.firstIndex(of: "="), split != setting.startIndex, setting.index(after: split) != setting.endIndex else {
            throw TraceSettingsError(.format, word: word, "\(Self.formatText) Got \(word)")
        }
        let name = String(setting[..<split])
        let value = String(setting[setting.index(after: split)...])
        if let mode {
            try Self.checkMode(String(mode), word: word)
            try applyOpenTelemetry(name, value, word: word)
        } else {
            try applyGlobal(name, value, word: word)
        }
    }

    private static let formatText = "--trace-config option format is '<setting>=<value>' or '<trace mode>,<setting>=<value>'."

    private static func checkMode(_ mode: String, word: String) throws(TraceSettingsError) {
        switch mode.lowercased() {
        case "opentelemetry":
            return
        case "triton":
            throw TraceSettingsError(
                .mode,
                word: word,
                "trace mode 'triton' (the JSON trace file) is not available yet. Available modes are \(quoted(modeNames)); \(tritonHint)"
            )
        default:
            throw TraceSettingsError(.mode, word: word, "invalid value for trace mode option: \(mode). Available modes are \(quoted(modeNames))")
        }
    }

    private static let tritonHint = "use mode=opentelemetry and opentelemetry,url=<collector>"

    private mutating func applyGlobal(_ name: String, _ value: String, word: String) throws(TraceSettingsError) {
        switch name {
        case "level": level = try Self.level(value, word: word)
        case "rate": rate = try Self.number(value, UInt32.self, word: word)
        case "count":
            count = try Self.number(value, Int32.self, word: word)
            guard count >= -1 else {
                throw TraceSettingsError(.value, word: word, "Invalid option value. Got \(value); expected -1 (no limit) or a number up to \(Int32.max)")
            }
        case "mode": try Self.checkMode(value, word: word)
        default: throw Self.unknownSetting(name, in: Self.globalSettingNames, other: Self.openTelemetrySettingNames, prefix: "opentelemetry,", word: word)
        }
    }

    private mutating func applyOpenTelemetry(_ name: String, _ value: String, word: String) throws(TraceSettingsError) {
        switch name {
        case "url": url = value
        case "resource":
            guard let split = value.firstIndex(of: "="), split != value.startIndex else {
                throw TraceSettingsError(.value, word: word, "a resource is '<key>=<value>', for example opentelemetry,resource=service.name=my-server. Got \(value)")
            }
            resource.append(ResourceAttribute(key: String(value[..<split]), value: String(value[value.index(after: split)...])))
        case "bsp_max_queue_size": bspMaxQueueSize = try Self.positive(value, word: word)
        case "bsp_schedule_delay": bspScheduleDelay = try Self.number(value, UInt32.self, word: word)
        case "bsp_max_export_batch_size": bspMaxExportBatchSize = try Self.positive(value, word: word)
        default: throw Self.unknownSetting(name, in: Self.openTelemetrySettingNames, other: Self.globalSettingNames, prefix: "", word: word)
        }
    }

    private static func level(_ value: String, word: String) throws(TraceSettingsError) -> Level {
        switch value.lowercased() {
        case "off", "false": .off
        case "timestamps", "true", "on", "min", "max": .timestamps
        case "tensors":
            throw TraceSettingsError(.value, word: word, "trace level TENSORS is not available in mode opentelemetry. Available levels are OFF and TIMESTAMPS")
        default:
            throw TraceSettingsError(.value, word: word, "invalid value for trace level option: \(value). Available levels are OFF and TIMESTAMPS")
        }
    }

    /// Reads a whole decimal number, and nothing else.
    private static func number<Integer: FixedWidthInteger>(_ value: String, _ type: Integer.Type, word: String) throws(TraceSettingsError) -> Integer {
        let digits = value.hasPrefix("-") && Integer.isSigned ? value.dropFirst() : value[...]
        guard !digits.isEmpty, digits.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }) else {
            throw TraceSettingsError(.value, word: word, "Invalid option value. Got \(value); expected a whole number from \(max(Integer.min, type == Int32.self ? -1 : 0)) to \(Integer.max)")
        }
        guard let number = Integer(value) else {
            throw TraceSettingsError(.value, word: word, "Provided option value is out of bound. Got \(value); the largest is \(Integer.max)")
        }
        return number
    }

    private static func positive(_ value: String, word: String) throws(TraceSettingsError) -> UInt32 {
        let number = try number(value, UInt32.self, word: word)
        guard number > 0 else {
            throw TraceSettingsError(.value, word: word, "Invalid option value. Got 0; expected at least 1")
        }
        return number
    }

    private static func unknownSetting(
        _ name: String,
        in names: [String],
        other: [String],
        prefix: String,
        word: String
    ) -> TraceSettingsError {
        let hint = other.contains(name) ? " Did you mean '\(prefix)\(name)=…'?" : ""
        return TraceSettingsError(.setting, word: word, "unknown trace setting '\(name)'. Valid settings here are \(quoted(names)).\(hint)")
    }

    private static func quoted(_ names: [String]) -> String {
        names.map { "'\($0)'" }.joined(separator: ", ")
    }
}
