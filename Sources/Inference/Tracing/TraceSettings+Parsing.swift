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
    /// Names of the settings of mode `triton`.
    public static let tritonSettingNames = ["file", "log-frequency"]

    /// Reads words in their order; a later word of the same setting wins, but levels add up until an `OFF`, and of `resource`
    /// there may be many.
    ///
    /// Without a word `mode=…` the mode is the one whose settings are given, else `opentelemetry`.
    ///
    /// - Throws: ``TraceSettingsError`` that names the word and lists what is valid.
    public init(traceConfig words: [String]) throws(TraceSettingsError) {
        var warnings: [String] = []
        try self.init(traceConfig: words, warnings: &warnings)
    }

    /// - Parameter warnings: gets a sentence for each word that has no effect, as a name that is not known; Triton says nothing.
    public init(traceConfig words: [String], warnings: inout [String]) throws(TraceSettingsError) {
        self.init()
        var parsed: [TraceConfigWord] = []
        for word in words { parsed.append(try TraceConfigWord(word)) }
        mode = try Self.mode(of: parsed)
        for word in parsed { try apply(word, warnings: &warnings) }
        guard mode == .triton, file == nil else { return }
        let reason = "mode triton writes its traces to a file, but none is given; add triton,file=<path>"
        if level != .off { throw TraceSettingsError(.mode, option: "--trace-config mode", word: "mode=triton", reason) }
        warnings.append("Nothing can be traced: \(reason).")
    }

    /// The last mode that is named, else the one whose settings are given.
    private static func mode(of words: [TraceConfigWord]) throws(TraceSettingsError) -> Mode {
        var named: Mode?
        for word in words where word.mode == nil && word.name == "mode" { named = try word.modeValue() }
        if let named { return named }
        let given = Set(words.compactMap(\.mode))
        return given == [.triton] ? .triton : .openTelemetry
    }

    private mutating func apply(_ word: TraceConfigWord, warnings: inout [String]) throws(TraceSettingsError) {
        switch word.mode {
        case nil: try applyGlobal(word, warnings: &warnings)
        case mode?: mode == .triton ? try applyTriton(word, warnings: &warnings) : try applyOpenTelemetry(word, warnings: &warnings)
        case let other?:
            warnings.append("--trace-config \(word.text) has no effect in mode \(mode.rawValue): it is for mode \(other.rawValue).")
        }
    }

    private mutating func applyGlobal(_ word: TraceConfigWord, warnings: inout [String]) throws(TraceSettingsError) {
        switch word.name {
        case "level":
            let added = try word.levelValue()
            level = added == .off ? .off : level.union(added)
        case "rate": rate = try word.number(UInt32.self)
        case "count":
            count = try word.number(Int32.self)
            guard count >= -1 else { throw word.invalid("expected -1 (no limit) or a number up to \(Int32.max)") }
        case "mode": break
        default: warnings.append(word.unknown(in: Self.globalSettingNames))
        }
    }

    private mutating func applyTriton(_ word: TraceConfigWord, warnings: inout [String]) throws(TraceSettingsError) {
        switch word.name {
        case "file": file = word.value
        case "log-frequency": logFrequency = try word.number(UInt32.self)
        default: warnings.append(word.unknown(in: Self.tritonSettingNames))
        }
    }

    private mutating func applyOpenTelemetry(_ word: TraceConfigWord, warnings: inout [String]) throws(TraceSettingsError) {
        switch word.name {
        case "url": url = word.value
        case "resource": resource.append(try word.resourceValue())
        case "bsp_max_queue_size": bspMaxQueueSize = try word.positive()
        case "bsp_schedule_delay": bspScheduleDelay = try word.number(UInt32.self)
        case "bsp_max_export_batch_size": bspMaxExportBatchSize = try word.positive()
        default: warnings.append(word.unknown(in: Self.openTelemetrySettingNames))
        }
    }
}
