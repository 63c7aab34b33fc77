/// Why a `--trace-config` word was refused.
public struct TraceSettingsError: Error, Hashable, Sendable, CustomStringConvertible {
    /// What kind of mistake it is. New kinds may be added; compare with the constants.
    public struct Code: Hashable, Sendable {
        private let name: String

        private init(_ name: String) { self.name = name }

        /// Not `<setting>=<value>` or `<mode>,<setting>=<value>`.
        public static let format = Code("format")
        /// A mode that does not exist, or lacks what it needs.
        public static let mode = Code("mode")
        /// A value that the setting does not take.
        public static let value = Code("value")
    }

    public var code: Code
    /// The option as Triton names it, for example `--trace-config rate`; `nil` when the word cannot be taken apart.
    public var option: String?
    /// The whole word as it was given.
    public var word: String
    /// What is wrong with it, in Triton's words where it has some.
    public var message: String
    /// What would be right; empty when the message says so.
    public var hint: String

    init(_ code: Code, option: String?, word: String, _ message: String, hint: String = "") {
        self.code = code
        self.option = option
        self.word = word
        self.message = message
        self.hint = hint
    }

    public var description: String {
        (option.map { "Bad option: \"\($0)\".\n" } ?? "") + message + (hint.isEmpty ? "" : "\n" + hint)
    }
}
