internal import GRPCCore
internal import Inference

/// Makes request parameters of a call's metadata: Triton's `--grpc-header-forward-pattern`.
struct HeaderForwarding: Sendable {
    // Reason for the box: `Regex` is a value that nothing changes, but is not marked Sendable.
    private struct Pattern: @unchecked Sendable {
        let regex: Regex<AnyRegexOutput>
    }

    private let pattern: Pattern?

    /// - Throws: `invalidArgument` for text that is no regular expression.
    init(_ pattern: String?) throws(InferenceError) {
        guard let pattern, !pattern.isEmpty else {
            self.pattern = nil
            return
        }
        do {
            self.pattern = Pattern(regex: try Regex(pattern))
        } catch {
            throw InferenceError(.invalidArgument, "the header forward pattern '\(pattern)' is no regular expression: \(error)")
        }
    }

    /// The metadata whose names have a match.
    func parameters(_ metadata: Metadata) -> [String: ParameterValue] {
        guard let pattern else { return [:] }
        var parameters: [String: ParameterValue] = [:]
        for (key, value) in metadata where key.firstMatch(of: pattern.regex) != nil {
            if case .string(let text) = value { parameters[key] = .string(text) }
        }
        return parameters
    }
}
