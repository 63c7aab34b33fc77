internal import NIOSSL

/// Says what a failed TLS handshake means.
enum TLSFailure {
    /// The connection was lost in the middle, which may pass; what else goes wrong in a handshake stays wrong.
    static func isRetryable(_ error: any Error) -> Bool {
        let text = "\(error)"
        return text.contains("EOF during handshake") || text.contains("uncleanShutdown")
    }

    static func explain(_ error: any Error, _ names: ExporterNames) -> String {
        let text = "\(error)"
        if text.contains("CERTIFICATE_VERIFY_FAILED") || text.contains("unableToValidateCertificate") {
            return "its certificate is not valid for this host name or not issued by a trusted authority; "
                + "name the authority's PEM file in \(names.certificate) (\(text))"
        }
        if text.contains("WRONG_VERSION_NUMBER") || text.contains("HTTP_REQUEST") {
            return "it does not speak TLS; \(plaintext(names)) (\(text))"
        }
        if isRetryable(error) {
            return "it closed the connection during the handshake; does it speak TLS? If not, \(plaintext(names)) (\(text))"
        }
        if text.contains("CERTIFICATE_REQUIRED") || text.contains("_ALERT_") || text.contains("TLSV1_ALERT") {
            return "the receiver refused; does it ask for a client certificate "
                + "(\(names.clientCertificate) and \(names.clientKey))? (\(text))"
        }
        return text
    }

    private static func plaintext(_ names: ExporterNames) -> String {
        let insecure = names.insecure.map { ", or set \($0) for an endpoint without scheme" } ?? ""
        return "write http:// instead of https:// (\(names.endpoint))\(insecure)"
    }
}
