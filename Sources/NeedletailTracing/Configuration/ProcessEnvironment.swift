#if canImport(FoundationEssentials)
internal import FoundationEssentials
#else
internal import Foundation
#endif

/// What the operating system says of this process.
public enum ProcessEnvironment {
    /// Names and values of the environment variables.
    public static var current: [String: String] { ProcessInfo.processInfo.environment }

    /// The last part of the program's path.
    static var programName: String? {
        CommandLine.arguments.first.flatMap { $0.split(separator: "/").last }.map(String.init)
    }
}
