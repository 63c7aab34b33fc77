/// A change of trace settings as Triton's trace extension asks for it: each setting stays, is given up, or gets a value.
struct TraceSettingUpdate: Hashable, Sendable {
    enum Change<Value: Hashable & Sendable>: Hashable, Sendable {
        case none
        /// What lies below counts again: for a model the settings of all, for those what the server began with.
        case clear
        case set(Value)

        /// What is set in the end, when this was set before.
        func applied(to former: Value?) -> Value? {
            switch self {
            case .none: former
            case .clear: nil
            case .set(let value): value
            }
        }
    }

    var level = Change<TraceSettings.Level>.none
    var rate = Change<UInt32>.none
    var count = Change<Int32>.none
    var logFrequency = Change<UInt32>.none

    /// Reads names and lists of texts; names that cannot be changed are left alone.
    ///
    /// - Throws: with Triton's words: `unsupported` for the file's name, `invalidArgument` for a wrong value.
    init(_ values: [String: [String]]) throws(InferenceError) {
        guard values["trace_file"] == nil else {
            throw InferenceError(.unsupported, "trace file location can not be updated through network protocol")
        }
        if let texts = values["trace_level"] { level = try Self.level(texts) }
        rate = try Self.number("trace_rate", values, UInt32.self, range: "[ 0, 4294967295 ]")
        count = try Self.number("trace_count", values, Int32.self, range: "[ -1, 2147483647 ]")
        logFrequency = try Self.number("log_frequency", values, UInt32.self, range: "[ 0, 4294967295 ]")
        if case .set(0) = rate {
            throw InferenceError(.invalidArgument, "Attempting to set invalid trace setting :sample rate must be non-zero")
        }
        if case .set(let count) = count, count < -1 {
            throw InferenceError(.invalidArgument, "Unable to parse 'trace_count'. Expecting value >= -1, got: \(count)")
        }
    }

    /// Names that are not known are left out; when nothing is left the level stays.
    private static func level(_ texts: [String]) throws(InferenceError) -> Change<TraceSettings.Level> {
        if texts.isEmpty { return .clear }
        if texts.contains("OFF") {
            guard texts.count == 1 else { throw InferenceError(.invalidArgument, "Expect only one trace level 'OFF' is specified") }
            return .set(.off)
        }
        var level = TraceSettings.Level.off
        if texts.contains("TIMESTAMPS") { level.insert(.timestamps) }
        if texts.contains("TENSORS") { level.insert(.tensors) }
        return level == .off ? .none : .set(level)
    }

    private static func number<Integer: FixedWidthInteger & Sendable>(
        _ name: String,
        _ values: [String: [String]],
        _ type: Integer.Type,
        range: String
    ) throws(InferenceError) -> Change<Integer> {
        guard let texts = values[name] else { return .none }
        guard let text = texts.first else { return .clear }
        guard texts.count == 1 else { throw InferenceError(.invalidArgument, "expect only 1 value for '\(name)'") }
        let digits = text.hasPrefix("-") ? text.dropFirst() : text[...]
        guard !digits.isEmpty, digits.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }) else {
            throw InferenceError(.invalidArgument, "Unable to parse '\(name)', got: \(text)")
        }
        guard let number = Integer(text) else {
            throw InferenceError(.invalidArgument, "Unable to parse '\(name)', value is out of range \(range), got: \(text)")
        }
        return .set(number)
    }
}
