/// How an exporter proves a receiver's identity, and its own, over TLS.
public struct TLSClientConfiguration: Hashable, Sendable {
    /// PEM file with the certificates to trust; `nil` trusts the system's.
    public var certificateFile: String?
    /// PEM file with the client's certificate chain, for mutual TLS.
    public var clientCertificateFile: String?
    /// PEM file with the client's private key, for mutual TLS.
    public var clientKeyFile: String?
    /// Any certificate of the receiver is taken, which protects from no one who sits in between.
    public var skipsVerification = false

    public init(certificateFile: String? = nil, clientCertificateFile: String? = nil, clientKeyFile: String? = nil) {
        self.certificateFile = certificateFile
        self.clientCertificateFile = clientCertificateFile
        self.clientKeyFile = clientKeyFile
    }
}
