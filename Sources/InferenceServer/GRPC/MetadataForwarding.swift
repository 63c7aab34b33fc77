internal import GRPCCore
internal import Inference
internal import NeedletailTracing

/// Makes request parameters of a call's metadata: Triton's `--grpc-header-forward-pattern`.
struct MetadataForwarding: Sendable {
    private let search: RegexSearch?

    /// - Parameter pattern: a regular expression that is looked for in each name; `nil` forwards nothing.
    /// - Throws: ``FrontEndSettingError`` for a pattern that is none.
    init(_ pattern: String?) throws {
        do {
            search = try pattern.map { RegexSearch([try Regex($0)]) }
        } catch {
            throw FrontEndSettingError("the header forward pattern '\(pattern ?? "")' is no regular expression: \(error)")
        }
    }

    /// Adds what matches; of several values of one name the last counts.
    ///
    /// - Throws: `invalidArgument` for a name that the protocol knows as a parameter.
    func add(_ metadata: Metadata, to parameters: inout [String: ParameterValue]) throws(InferenceError) {
        guard let search else { return }
        for (name, value) in metadata {
            guard case .string(let text) = value, search.isFound(in: name) else { continue }
            try HTTPHeaderForwarding.checkName(name)
            parameters[name] = .string(text)
        }
    }
}
