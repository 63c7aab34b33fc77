#if canImport(Runtime)
internal import Runtime
#endif

/// An error that knows where it was made. Swift's errors carry no stack trace; one that does shows it as `exception.stacktrace`.
public protocol ErrorWithStackTrace: Error {
    /// The innermost call first, one on each line; `nil` when it was not captured.
    var stackTrace: String? { get }
}

/// The calls that lead to this place.
enum StackTrace {
    /// No more frames than this are captured.
    static let maximumFrames = 64

    /// Symbol names, the innermost first, one on each line; `nil` where the toolchain cannot say. Takes some 0.2 ms.
    static func capture() -> String? {
        #if canImport(Runtime) && os(Linux)
        guard let symbolicated = try? Backtrace.capture(limit: maximumFrames).symbolicated() else { return nil }
        let lines = symbolicated.frames.compactMap { frame in
            frame.symbol.map { symbol in
                let place = symbol.sourceLocation.map { " (\($0.path):\($0.line))" } ?? ""
                return symbol.name + place
            }
        }
        return lines.isEmpty ? nil : lines.joined(separator: "\n")
        #else
        return nil
        #endif
    }
}
