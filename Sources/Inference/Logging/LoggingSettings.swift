internal import Synchronization

/// What the server logs: Triton's logging extension. Front ends read and change it while the server runs.
package final class LoggingSettings: Sendable {
    package enum Format: String, Hashable, Sendable, CaseIterable {
        case standard = "default"
        case iso8601 = "ISO8601"
    }

    package struct Values: Hashable, Sendable {
        /// Always empty: the log goes to the standard error.
        package var file = ""
        package var logsInfo = true
        package var logsWarnings = true
        package var logsErrors = true
        package var verboseLevel: UInt32 = 0
        package var format = Format.standard

        package init() {}
    }

    private let state: Mutex<Values>
    /// Read for each request, so not behind the lock.
    private let verbose: Atomic<UInt32>

    package init(_ values: Values = Values()) {
        state = Mutex(values)
        verbose = Atomic(values.verboseLevel)
    }

    package var values: Values { state.withLock { $0 } }

    /// How much is said beyond the usual.
    package var verboseLevel: UInt32 { verbose.load(ordering: .relaxed) }

    package func update(_ body: (inout Values) -> Void) {
        state.withLock { values in
            body(&values)
            verbose.store(values.verboseLevel, ordering: .relaxed)
        }
    }
}
