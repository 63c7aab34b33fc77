/// An error that knows where it was made. Swift's errors carry no stack trace; one that does shows it as `exception.stacktrace`.
///
/// The tracer captures none of its own: `Runtime.Backtrace` reads every mapped file's header where it was mapped, and ends the
/// program when another thread unmaps one meanwhile.
public protocol ErrorWithStackTrace: Error {
    /// The innermost call first, one on each line; `nil` when it was not captured.
    var stackTrace: String? { get }
}
