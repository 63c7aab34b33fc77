internal import NIOSSL

/// Says what a failed TLS handshake means.
enum TLSFailure {
    static func explain(_ error: any Error, _ names: ExporterNames) -> String {
        let text = "\(error)"
        if text.contains("CERTIFICATE_VERIFY_FAILED") || text.contains("unableToValidateCertificate") {
            return "its certificate is not valid for this host name or not issued by a trusted authority; "
                + "name the authority's PEM file in \(names.certificate) (\(text))"
        }
        if text.contains("WRONG_VERSION_NUMBER") || text.contains("HTTP_REQUEST") {
            return "it does not speak TLS; is http:// meant instead of https:// (\(names.endpoint))? (\(text))"
        }
        if text.contains("CERTIFICATE_REQUIRED") || text.contains("_ALERT_") || text.contains("TLSV1_ALERT") {
            return "the receiver refused; does it ask for a client certificate "
                + "(\(names.clientCertificate) and \(names.clientKey))? (\(text))"
        }
        return text
    }
}
