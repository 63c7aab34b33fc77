internal import Logging

/// Reads settings from environment variables by the rules of the OpenTelemetry specification ("Environment Variables"):
/// empty means not set, names of choices in any case, and a value that cannot be used is warned of and counts as not set.
struct EnvironmentReader {
    var values: [String: String]
    var logger: Logger

    func text(_ name: String) -> String? {
        values[name].flatMap { $0.isEmpty ? nil : $0 }
    }

    func integer(_ name: String, atLeast minimum: Int) -> Int? {
        guard let text = text(name) else { return nil }
        guard let value = Int(text), value >= minimum else {
            warn(name, "\"\(text)\" is no whole number of at least \(minimum)")
            return nil
        }
        return value
    }

    func double(_ name: String, in range: ClosedRange<Double>) -> Double? {
        guard let text = text(name) else { return nil }
        guard let value = Double(text), range.contains(value) else {
            warn(name, "\"\(text)\" is no number from \(range.lowerBound) to \(range.upperBound)")
            return nil
        }
        return value
    }

    func milliseconds(_ name: String) -> Duration? {
        // A century is as good as for ever, and leaves room for sums.
        integer(name, atLeast: 0).map { .milliseconds(min($0, 3_155_760_000_000)) }
    }

    func choice<Value>(_ name: String, among choices: [String: Value]) -> Value? {
        guard let text = text(name) else { return nil }
        guard let value = choices[text.lowercased()] else {
            warn(name, "\"\(text)\" is not known; valid are \(choices.keys.sorted().joined(separator: ", "))")
            return nil
        }
        return value
    }

    func warn(_ name: String, _ reason: String) {
        logger.warning("\(name) is ignored: \(reason).")
    }
}
