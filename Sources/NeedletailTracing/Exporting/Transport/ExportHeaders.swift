/// Checks the headers that a user adds to an exporter's requests.
enum ExportHeaders {
    /// Names and values in the order of the names.
    ///
    /// - Throws: ``TracingConfigurationError`` `.invalidHeader`; the value may be a secret and stays out of the message.
    static func checked(
        _ headers: [String: String], names: ExporterNames
    ) throws(TracingConfigurationError) -> [(name: String, value: String)] {
        var result: [(name: String, value: String)] = []
        for (name, value) in headers.sorted(by: { $0.key < $1.key }) {
            let isName = !name.isEmpty && name.utf8.allSatisfy(isTokenByte)
            guard isName, value.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7f || $0 == 0x09 }) else {
                throw TracingConfigurationError(
                    code: .invalidHeader,
                    message: "\(names.protocolName) header \"\(name)\" (\(names.headers)): the name must be letters, digits and "
                        + "-_.!#$%&'*+^`|~, the value without line breaks"
                )
            }
            result.append((name, value))
        }
        return result
    }

    /// `tchar` of RFC 9110, section 5.6.2.
    private static func isTokenByte(_ byte: UInt8) -> Bool {
        byte.isASCIILetterOrDigit || "!#$%&'*+-.^_`|~".utf8.contains(byte)
    }
}
