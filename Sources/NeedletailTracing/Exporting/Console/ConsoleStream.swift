#if canImport(Glibc)
internal import Glibc
#elseif canImport(Musl)
internal import Musl
#else
internal import Darwin
#endif
internal import TraceModel

/// A stream of the process, shared by all exporters that print to it.
final class ConsoleStream: Sendable {
    static let standardOutput = ConsoleStream(descriptor: STDOUT_FILENO, name: "standard output")
    static let standardError = ConsoleStream(descriptor: STDERR_FILENO, name: "standard error")

    private let descriptor: Int32
    private let name: String
    private let queue: BlockingQueue

    /// - Parameter descriptor: stays open while the stream is used.
    init(descriptor: Int32, name: String) {
        self.descriptor = descriptor
        self.name = name
        queue = BlockingQueue(label: "needletail.console-exporter")
    }

    /// The stream is a terminal that knows colours, and nobody asked for plain text (no-color.org).
    var wantsColor: Bool {
        let environment = ProcessEnvironment.current
        return Self.wantsColor(isTerminal: isatty(descriptor) == 1, noColor: environment["NO_COLOR"], terminal: environment["TERM"])
    }

    static func wantsColor(isTerminal: Bool, noColor: String?, terminal: String?) -> Bool {
        isTerminal && (noColor ?? "").isEmpty && terminal != nil && terminal != "dumb"
    }

    /// Writes the text of each span, and returns when the stream has taken it.
    ///
    /// - Throws: ``SpanExportError`` when the stream is closed or broken.
    func write(_ batch: SpanBatch, _ text: @escaping @Sendable (Span, Resource, InstrumentationScope) -> [UInt8]) async throws {
        try await queue.run { [descriptor, name] in
            for group in batch.resourceSpans {
                for scopeGroup in group.scopeSpans {
                    for span in scopeGroup.spans {
                        let result = text(span, group.resource, scopeGroup.scope).withUnsafeBytes { SystemWrite.all(descriptor, $0) }
                        guard result.error == 0 else {
                            throw SpanExportError(
                                code: .unavailable,
                                message: "spans cannot be printed to \(name): \(SystemWrite.text(result.error))"
                            )
                        }
                    }
                }
            }
        }
    }
}
