public import TraceModel

/// `process.command` and `process.command_args`, for whoever asks: arguments may hold secrets.
public struct ProcessCommandDetector: ResourceDetector {
    /// Arguments that are told.
    public static let maximumCount = 64

    public let name = "process_command_args"
    let arguments: [String]

    public init() { self.init(arguments: CommandLine.arguments) }

    init(arguments: [String]) { self.arguments = arguments }

    public func detect() -> [Attribute] {
        guard let command = arguments.first else { return [] }
        return [
            Attribute("process.command", .string(command)),
            Attribute("process.command_args", .array(arguments.prefix(Self.maximumCount).map { .string($0) })),
        ]
    }
}
