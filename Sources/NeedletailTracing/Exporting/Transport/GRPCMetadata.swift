internal import GRPCCore
internal import TraceWire

/// Makes a call's metadata of the headers that a user adds to it (gRPC over HTTP2, "Custom-Metadata").
enum GRPCMetadata {
    /// - Throws: ``TracingConfigurationError`` `.invalidHeader`; the value may be a secret and stays out of the message.
    static func checked(_ headers: [String: String], names: ExporterNames) throws(TracingConfigurationError) -> Metadata {
        var metadata: Metadata = ["user-agent": .string(names.userAgent)]
        for (name, value) in try ExportHeaders.checked(headers, names: names) {
            let key = name.lowercased()
            func failure(_ reason: String) -> TracingConfigurationError {
                TracingConfigurationError(
                    code: .invalidHeader,
                    message: "\(names.protocolName) header \"\(name)\" (\(names.headers)): \(reason)"
                )
            }
            if key.hasPrefix("grpc-") || ["content-type", "te", "host", "connection", "transfer-encoding"].contains(key) {
                throw failure("gRPC sets it itself; leave it out")
            }
            guard key.utf8.allSatisfy(isKeyByte) else { throw failure("a name over gRPC has letters, digits and -_. only") }
            if key.hasSuffix("-bin") {
                var text = value
                guard let bytes = text.withUTF8({ Base64.decode($0) }) else {
                    throw failure("the value of a name that ends in -bin is base64")
                }
                metadata.replaceOrAddBinary(bytes, forKey: key)
            } else {
                guard value.utf8.allSatisfy({ (0x20...0x7e).contains($0) }) else {
                    throw failure("the value over gRPC is ASCII; other bytes need a name that ends in -bin and a base64 value")
                }
                metadata.replaceOrAddString(value, forKey: key)
            }
        }
        return metadata
    }

    private static func isKeyByte(_ byte: UInt8) -> Bool {
        byte.isASCIILetterOrDigit || "-_.".utf8.contains(byte)
    }
}
