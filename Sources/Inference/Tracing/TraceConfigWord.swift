/// One word of `--trace-config`, taken apart.
struct TraceConfigWord {
    /// The whole word.
    let text: String
    /// `nil` for a setting of all modes.
    let mode: TraceSettings.Mode?
    let name: String
    let value: String

    /// - Throws: with Triton's words when it is neither `<setting>=<value>` nor `<mode>,<setting>=<value>`.
    init(_ text: String) throws(TraceSettingsError) {
        let equals = text.firstIndex(of: "=")
        let comma = text.firstIndex(of: ",")
        var setting = text[...]
        var modeText: Substring?
        if let comma, equals.map({ comma < $0 }) ?? true {
            modeText = text[..<comma]
            setting = text[text.index(after: comma)...]
        }
        if let modeText, modeText.isEmpty {
            throw TraceSettingsError(
                .format,
                option: nil,
                word: text,
                "No trace mode specified. --trace-config option format is <trace mode>,<setting>=<value> or <setting>=<value>. Got \(text)"
            )
        }
        guard let split = setting.firstIndex(of: "="), split != setting.startIndex, setting.index(after: split) != setting.endIndex else {
            throw TraceSettingsError(
                .format,
                option: nil,
                word: text,
                "--trace-config option format is '<trace mode>,<setting>=<value>'. Got \(text)",
                hint: "A setting of all modes stands without one: '<setting>=<value>'."
            )
        }
        self.text = text
        mode = try modeText.map { mode throws(TraceSettingsError) in try Self.mode(String(mode), option: "--trace-config", word: text) }
        name = String(setting[..<split])
        value = String(setting[setting.index(after: split)...])
    }

    // MARK: Values

    func modeValue() throws(TraceSettingsError) -> TraceSettings.Mode { try Self.mode(value, option: "--trace-config mode", word: text) }

    private static func mode(_ name: String, option: String, word: String) throws(TraceSettingsError) -> TraceSettings.Mode {
        guard let mode = TraceSettings.Mode(rawValue: name.lowercased()) else {
            throw TraceSettingsError(
                .mode,
                option: option,
                word: word,
                #"invalid value for trace mode option: \#(name.lowercased()). Available options are "triton" and "opentelemetry""#
            )
        }
        return mode
    }

    /// A level, or several with commas between them.
    func levelValue() throws(TraceSettingsError) -> TraceSettings.Level {
        var level = TraceSettings.Level.off
        for name in value.lowercased().split(separator: ",", omittingEmptySubsequences: false) {
            switch name {
            case "off", "false": break
            case "timestamps", "true", "on", "min", "max": level.insert(.timestamps)
            case "tensors": level.insert(.tensors)
            default:
                throw TraceSettingsError(
                    .value,
                    option: option,
                    word: text,
                    "invalid value for trace level option: \(name)",
                    hint: "Available levels are OFF, TIMESTAMPS and TENSORS."
                )
            }
        }
        return level
    }

    /// Reads a whole decimal number, and nothing else.
    func number<Integer: FixedWidthInteger>(_ type: Integer.Type) throws(TraceSettingsError) -> Integer {
        let digits = value.hasPrefix("-") && Integer.isSigned ? value.dropFirst() : value[...]
        guard !digits.isEmpty, digits.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }) else {
            throw invalid("expected a whole number from \(Integer.isSigned ? -1 : 0) to \(Integer.max)")
        }
        guard let number = Integer(value) else {
            throw TraceSettingsError(
                .value,
                option: option,
                word: text,
                "Provided option value is out of bound. Got \(value)",
                hint: "The largest is \(Integer.max)."
            )
        }
        return number
    }

    func positive() throws(TraceSettingsError) -> UInt32 {
        let number = try number(UInt32.self)
        guard number > 0 else { throw invalid("expected at least 1") }
        return number
    }

    func resourceValue() throws(TraceSettingsError) -> TraceSettings.ResourceAttribute {
        guard let split = value.firstIndex(of: "="), split != value.startIndex else {
            throw invalid("a resource is '<key>=<value>', for example opentelemetry,resource=service.name=my-server")
        }
        return TraceSettings.ResourceAttribute(key: String(value[..<split]), value: String(value[value.index(after: split)...]))
    }

    // MARK: Mistakes

    /// As Triton names it: `--trace-config rate`, `--trace-config opentelemetry,bsp_schedule_delay`.
    private var option: String { "--trace-config " + (mode.map { "\($0.rawValue)," } ?? "") + name }

    /// - Parameter expectation: what would be right, a clause.
    func invalid(_ expectation: String) -> TraceSettingsError {
        TraceSettingsError(
            .value,
            option: option,
            word: text,
            "Invalid option value. Got \(value)",
            hint: expectation.prefix(1).uppercased() + expectation.dropFirst() + "."
        )
    }

    /// What is said of a setting that is not known.
    func unknown(in names: [String]) -> String {
        var home: String?
        if TraceSettings.globalSettingNames.contains(name) { home = name }
        if TraceSettings.openTelemetrySettingNames.contains(name) { home = "opentelemetry,\(name)" }
        if TraceSettings.tritonSettingNames.contains(name) { home = "triton,\(name)" }
        let hint = home.map { " Did you mean '\($0)=…'?" } ?? ""
        let known = names.map { "'\($0)'" }.joined(separator: ", ")
        return "--trace-config \(text) has no effect: unknown trace setting '\(name)'; valid settings here are \(known).\(hint)"
    }
}
