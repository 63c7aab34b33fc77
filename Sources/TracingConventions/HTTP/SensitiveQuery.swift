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
        guard key.utf8.contains(UInt8(ascii: "%")) else { return parameters.contains(String(key)) }
        return parameters.contains(PercentDecoding.decode(key) ?? String(key))
    }
}

/// `%41` for `A`, as URLs have it.
enum PercentDecoding {
    /// - Returns: `nil` when a `%` is not followed by two hex digits, or the bytes are no UTF-8.
    static func decode(_ text: Substring) -> String? {
        var bytes: [UInt8] = []
        var rest = text.utf8
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "%") else {
                bytes.append(byte)
                continue
            }
            guard let high = rest.popFirst().flatMap(Hex.value(of:)), let low = rest.popFirst().flatMap(Hex.value(of:)) else { return nil }
            bytes.append(high << 4 | low)
        }
        return String(validating: bytes, as: UTF8.self)
    }
}
