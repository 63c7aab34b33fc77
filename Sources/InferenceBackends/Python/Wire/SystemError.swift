internal import Glibc

/// A call of the operating system that failed.
struct SystemError: Error, CustomStringConvertible {
    var description: String

    /// - Parameter call: what was tried, for people.
    init(_ call: String, code: Int32 = errno) {
        description = "\(call) failed: \(String(cString: strerror(code))) (errno \(code))"
    }
}
