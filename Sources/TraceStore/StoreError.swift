/// Why a store could not do what was asked.
public struct StoreError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The kind of failure; compare with the static members.
    public struct Code: Hashable, Sendable, CustomStringConvertible {
        public let description: String

        private init(_ name: String) {
            description = name
        }

        /// No space is left for new spans; stored ones can still be read, and storing works again once there is space.
        public static let diskFull = Code("diskFull")
        /// The file is damaged, or is not a trace file at all.
        public static let corrupt = Code("corrupt")
        /// The file was written by a newer version of the program.
        public static let newerFormat = Code("newerFormat")
        /// Another process uses the same data.
        public static let inUse = Code("inUse")
        /// The store was closed.
        public static let closed = Code("closed")
        /// The operating system refused to read or write.
        public static let io = Code("io")
    }

    public var code: Code
    /// What was wrong, where, and what to do.
    public var message: String

    public init(code: Code, message: String) {
        self.code = code
        self.message = message
    }

    public var description: String { message }

    /// The error of every call after `close()`.
    public static let closed = StoreError(code: .closed, message: "the trace store is closed")
}
