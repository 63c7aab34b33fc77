internal import TraceModel

/// Takes the values of secret parameters out of queries and URLs (semantic conventions, `url.query` and `url.full`).
public struct SensitiveQuery: Sendable {
    /// The parameters that the conventions name, the rest of the signatures they belong to, and the usual names of
    /// credentials. Compared with regard to case.
    public static let defaultParameters: Set<String> = [
        "AWSAccessKeyId", "Signature", "sig", "X-Goog-Signature",
        "X-Amz-Signature", "X-Amz-Credential", "X-Amz-Security-Token", "X-Goog-Credential",
        "access_token", "refresh_token", "id_token", "client_secret", "api_key", "apikey", "password", "token",
    ]

    /// What stands in the place of a secret.
    public static let replacement = "REDACTED"

    public let parameters: Set<String>

    public init(parameters: Set<String> = Self.defaultParameters) {
        self.parameters = parameters
    }

    /// The query (without `?`) with the values of secret parameters replaced; the keys stay.
    public func redacted(_ query: String) -> String {
        guard !parameters.isEmpty, query.utf8.contains(UInt8(ascii: "=")) else { return query }
        // Nearly all queries hold no secret, and are returned as they are.
        guard pairs(of: query[...]).contains(where: isSecret) else { return query }
        var result = ""
        result.reserveCapacity(query.utf8.count)
        for (index, pair) in pairs(of: query[...]).enumerated() {
            if index > 0 { result += "&" }
            if isSecret(pair), let equals = pair.utf8.firstIndex(of: UInt8(ascii: "=")) {
                result += pair[...equals]
                result += Self.replacement
            } else {
                result += pair
            }
        }
        return result
    }

    private func pairs(of query: Substring) -> [Substring] {
        query.split(separator: "&", omittingEmptySubsequences: false)
    }

    private func isSecret(_ pair: Substring) -> Bool {
        guard let equals = pair.utf8.firstIndex(of: UInt8(ascii: "=")) else { return false }
        let key = pair[..<equals]
        return parameters.contains(key.percentDecoded() ?? String(key))
    }
}
