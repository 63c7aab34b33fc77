/// An endpoint as it was written, in its parts.
struct EndpointText {
    let text: String
    /// In lower case; `nil` when there is none.
    let scheme: String?
    /// Between the scheme and the path.
    let authority: Substring
    /// From the first slash or question mark on.
    let path: Substring

    init(_ text: String) {
        self.text = text
        var rest = Substring(text)
        if let separator = text.firstRange(of: "://") {
            scheme = text[..<separator.lowerBound].lowercased()
            rest = text[separator.upperBound...]
        } else {
            scheme = nil
        }
        let pathStart = rest.firstIndex { $0 == "/" || $0 == "?" } ?? rest.endIndex
        authority = rest[..<pathStart]
        path = rest[pathStart...]
    }

    /// What no endpoint of any protocol may have.
    func mistake(_ names: ExporterNames) -> String? {
        if text.isEmpty { return "it is empty" }
        if !text.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7f }) { return "blanks and other characters that must be percent-encoded" }
        if authority.contains("@") {
            return "a user name or password in it would end up in logs and is not sent; give \(names.credentials) instead"
        }
        if text.contains("#") { return "a fragment (#) is not sent to any server" }
        return nil
    }

    /// Without the user name and password, for messages.
    var redacted: String {
        guard let at = authority.lastIndex(of: "@") else { return text }
        return "\(scheme.map { $0 + "://" } ?? "")…\(authority[at...])\(path)"
    }
}

extension TracingConfigurationError {
    static func endpoint(_ parts: EndpointText, _ reason: String, _ names: ExporterNames, expected: String) -> Self {
        TracingConfigurationError(
            code: .invalidEndpoint,
            message: "\(names.protocolName) endpoint \"\(parts.redacted)\": \(reason); expected \(expected), "
                + "for instance \(names.endpointExample)"
        )
    }
}
