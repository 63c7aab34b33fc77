internal import HTTPTypes
internal import Inference
internal import NeedletailTracing

/// Turns request headers into request parameters: Triton's `--http-header-forward-pattern`.
struct HTTPHeaderForwarding: Sendable {
    private let search: RegexSearch

    /// - Parameter pattern: a regular expression that is looked for in each header's name as the client wrote it.
    /// - Throws: ``FrontEndSettingError`` for a pattern that is none.
    init(pattern: String) throws {
        do {
            search = RegexSearch([try Regex(pattern)])
        } catch {
            throw FrontEndSettingError("the header forward pattern '\(pattern)' is no regular expression: \(error)")
        }
    }

    private static let reserved: Set<String> = ["sequence_id", "sequence_start", "sequence_end", "priority", "timeout", "headers", "binary_data_output"]

    /// - Throws: `invalidArgument` for the name of a parameter that the protocol knows.
    static func checkName(_ name: String) throws(InferenceError) {
        guard reserved.contains(name) || name.hasPrefix("triton_") else { return }
        throw InferenceError(.invalidArgument, "Header '\(name)' is reserved for Triton usage and cannot be forwarded.")
    }

    /// Adds what matches; of several fields of one name the last counts.
    ///
    /// - Throws: `invalidArgument` for a header with the name of a parameter that the protocol knows.
    func add(_ headers: HTTPFields, to parameters: inout [String: ParameterValue]) throws(InferenceError) {
        for field in headers {
            let name = field.name.rawName
            guard search.isFound(in: name) else { continue }
            try Self.checkName(name)
            parameters[name] = .string(field.value)
        }
    }
}
