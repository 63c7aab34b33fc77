/// Why a `--trace-config` word was refused.
public struct TraceSettingsError: Error, Hashable, Sendable, CustomStringConvertible {
    /// What kind of mistake it is. New kinds may be added; compare with the constants.
    public struct Code: Hashable, Sendable {
        private let name: String

        private init(_ name: String) { self.name = name }

        /// Not `<setting>=<value>` or `<mode>,<setting>=<value>`.
        public static let format = Code("format")
        /// A mode that does not exist or is not available.
        public static let mode = Code("mode")
        /// A setting that the mode does not have.
        public static let setting = Code("setting")
        /// A value that the setting does not take.
        public static let value = Code("value")
    }

    public var code: Code
    /// The whole word as it was given.
    public var word: String
    /// What is wrong with it, and what would be right.
    public var message: String

    init(_ code: Code, word: String, _ message: String) {
        self.code = code
        self.word = word
        self.message = message
    }

    public var description: String { "Bad option: \"--trace-config \(word)\".\n\(message)" }
}
