internal import Logging
internal import Synchronization
internal import TraceModel

/// Reads settings from environment variables by the rules of the OpenTelemetry specification ("Environment Variables"):
/// empty means not set, names of choices in any case, and a value that cannot be used is warned of and counts as not set.
///
/// Each warning names the variable, its value (unless that may be a secret), what was expected, and what is used instead.
/// A variable is judged where it is used: one that has no effect is not looked at.
struct EnvironmentReader {
    /// Why a value cannot be used: the end of the sentence `NAME is ignored: "value" …`.
    struct Mistake: Error {
        var reason: String
        /// Only the reason is told, as the value may hold a secret or is no help.
        var hidesValue = false
    }

    /// Characters of a value that a warning repeats.
    private static let maximumShownLength = 200

    /// Variables that were complained of: a general one counts for several settings.
    private final class Complaints: Sendable {
        let names = Mutex<Set<String>>([])
    }

    let values: [String: String]
    let logger: Logger
    private let complaints = Complaints()

    init(_ values: [String: String], logger: Logger) {
        self.values = values
        self.logger = logger
    }

    /// The value without blanks at both ends; `nil` when nothing is left.
    func text(_ name: String) -> String? {
        guard let text = values[name]?.trimmingBlanks(), !text.isEmpty else { return nil }
        return String(text)
    }

    /// The value as it is; `nil` when it is empty or blank.
    func rawText(_ name: String) -> String? {
        text(name) == nil ? nil : values[name]
    }

    /// The first of several variables, by precedence, that has a good value.
    ///
    /// - Parameter fallback: what a warning says is used when none has.
    func value<Value>(
        _ names: [String],
        otherwise fallback: @autoclosure () -> String,
        parse: (_ text: String, _ name: String) throws(Mistake) -> Value
    ) -> Value? {
        var mistakes: [(name: String, text: String, mistake: Mistake)] = []
        var result: Value?
        var used: String?
        for name in names {
            guard let text = text(name) else { continue }
            do {
                result = try parse(text, name)
                used = name
                break
            } catch {
                mistakes.append((name, text, error))
            }
        }
        for (name, text, mistake) in mistakes {
            let instead = used.map { "\($0) is used" } ?? fallback()
            warn(name, mistake.hidesValue ? mistake.reason : "\(Self.shown(text)) \(mistake.reason)", instead: instead)
        }
        return result
    }

    /// Like ``value(_:otherwise:parse:)``, with a default.
    func value<Value>(
        _ names: [String],
        default fallback: Value,
        shownAs shown: String? = nil,
        parse: (_ text: String, _ name: String) throws(Mistake) -> Value
    ) -> Value {
        value(names, otherwise: "\(shown ?? "\(fallback)") is used", parse: parse) ?? fallback
    }

    /// - Parameter instead: what happens now, a clause.
    func warn(_ name: String, _ reason: String, instead: String) {
        warn(name, "\(name) is ignored: \(reason); \(instead).")
    }

    /// Logs the first warning of a variable.
    func warn(_ name: String, _ message: String) {
        guard complaints.names.withLock({ $0.insert(name).inserted }) else { return }
        logger.warning("\(message)")
    }

    /// A value in quotes, without the password of a URL, cut when it is long.
    static func shown(_ text: String) -> String {
        var shown = String(text.prefix(maximumShownLength))
        if shown.count < text.count { shown += "…" }
        if let scheme = shown.firstRange(of: "://"), let at = shown.lastIndex(of: "@"), at > scheme.upperBound {
            shown.replaceSubrange(scheme.upperBound..<at, with: "…")
        }
        return "\"\(shown)\""
    }
}

extension EnvironmentReader {
    func integer(_ names: String..., atLeast minimum: Int = 0, default fallback: Int) -> Int {
        value(names, default: fallback) { text, _ throws(Mistake) in try Self.integer(text, atLeast: minimum) }
    }

    /// A limit that may be absent.
    func limit(_ names: String...) -> Int? {
        value(names, otherwise: "there is no limit") { text, _ throws(Mistake) in try Self.integer(text, atLeast: 0) }
    }

    private static func integer(_ text: String, atLeast minimum: Int) throws(Mistake) -> Int {
        guard let value = Int(text), value >= minimum else {
            throw Mistake(reason: "is no whole number of \(minimum) or more")
        }
        return value
    }

    func fraction(_ name: String, default fallback: Double) -> Double {
        value([name], default: fallback) { text, _ throws(Mistake) in
            guard let value = Self.decimal(text), (0...1).contains(value) else { throw Mistake(reason: "is no number from 0 to 1") }
            return value
        }
    }

    /// A decimal number; Swift alone would also take hexadecimal ones and words.
    static func decimal(_ text: String) -> Double? {
        guard text.utf8.allSatisfy({ "0123456789+-.eE".utf8.contains($0) }) else { return nil }
        return Double(text)
    }

    /// A time in milliseconds.
    func milliseconds(_ names: [String], default fallback: Duration) -> Duration {
        let (seconds, attoseconds) = fallback.components
        let shown = "\(seconds * 1000 + attoseconds / 1_000_000_000_000_000)"
        return value(names, default: fallback, shownAs: shown) { text, _ throws(Mistake) in
            guard let value = Int64(text), value >= 0 else {
                throw Mistake(reason: "is no whole number of milliseconds of 0 or more")
            }
            // A century is as good as for ever, and leaves room for sums.
            return .milliseconds(min(value, 3_155_760_000_000))
        }
    }

    /// `true` or `false` in any case.
    func flag(_ names: [String], default fallback: Bool = false) -> Bool {
        value(names, default: fallback) { text, _ throws(Mistake) in
            switch text.lowercased() {
            case "true": return true
            case "false": return false
            default: throw Mistake(reason: "is neither true nor false")
            }
        }
    }

    /// One of some words, in any case.
    func choice<Value>(
        _ names: [String],
        among choices: KeyValuePairs<String, Value>,
        default fallback: Value,
        shownAs shown: String? = nil
    ) -> Value {
        value(names, default: fallback, shownAs: shown) { text, _ throws(Mistake) in
            guard let choice = choices.first(where: { $0.key == text.lowercased() }) else {
                throw Mistake(reason: "is not known; expected \(choices.map(\.key).joined(separator: ", "))")
            }
            return choice.value
        }
    }

    /// A comma list of words, in any case, each counted once; unknown ones are left out, with one warning for all.
    ///
    /// - Parameters:
    ///   - resolve: gives `nil` for an unknown word.
    /// - Returns: the default when no word is left.
    func choices<Value>(
        _ name: String,
        known: [String],
        default fallback: @autoclosure () -> [Value],
        shownAs shown: String,
        resolve: (_ word: String) -> Value?
    ) -> [Value] {
        guard let text = text(name) else { return fallback() }
        var words: [String] = []
        for member in text.split(separator: ",") {
            let word = member.trimmingBlanks().lowercased()
            if !word.isEmpty, !words.contains(word) { words.append(word) }
        }
        var reasons: [String] = []
        // "none" next to others contradicts them.
        if words.contains("none") {
            if words.count == 1 { return [] }
            words.removeAll { $0 == "none" }
            reasons.append("\"none\" next to others has no effect")
        }
        var found: [Value] = []
        var unknown: [String] = []
        for word in words {
            if let value = resolve(word) { found.append(value) } else { unknown.append(word) }
        }
        if !unknown.isEmpty {
            let listed = unknown.map(Self.shown).joined(separator: ", ")
            reasons.append("\(listed) \(unknown.count == 1 ? "is" : "are") not known; expected \(known.joined(separator: ", ")) or none")
        }
        let isEmpty = found.isEmpty
        if isEmpty, reasons.isEmpty { reasons.append("\(Self.shown(text)) names nothing; expected \(known.joined(separator: ", ")) or none") }
        if !reasons.isEmpty {
            let reason = reasons.joined(separator: ", and ")
            if isEmpty {
                warn(name, reason, instead: "\(shown) is used")
            } else {
                warn(name, "\(name) is ignored in part: \(reason); the rest is used.")
            }
        }
        return isEmpty ? fallback() : found
    }

    func port(_ name: String, default fallback: Int) -> Int {
        value([name], default: fallback) { text, _ throws(Mistake) in
            guard let port = Int(text), (1...65535).contains(port) else { throw Mistake(reason: "is no port from 1 to 65535") }
            return port
        }
    }

    /// The `key=value,key=value` form. Values may be secret and are not repeated.
    static func pairs(_ text: String) throws(Mistake) -> [(key: String, value: String)] {
        do throws(PercentEncodedList.Mistake) {
            return try PercentEncodedList.parse(text)
        } catch {
            throw Mistake(
                reason: "\(error); expected key=value,key=value with \",\", \"=\" and \"%\" percent-encoded",
                hidesValue: true
            )
        }
    }
}
