internal import NIOSSL

extension TLSClientConfiguration {
    /// Reads and checks the files.
    ///
    /// - Returns: `nil` when nothing is set: the system's trust, no client certificate.
    /// - Throws: ``TracingConfigurationError`` `.invalidTLS` that names the file and the setting.
    func forNIOSSL(_ names: ExporterNames) throws(TracingConfigurationError) -> TLSConfiguration? {
        if self == TLSClientConfiguration() { return nil }
        var configuration = TLSConfiguration.makeClientConfiguration()
        if let certificateFile {
            configuration.trustRoots = .certificates(try PEMFile(certificateFile, setting: names.certificate).certificates())
        }
        guard let (chain, key) = try clientIdentity(names) else { return configuration }
        configuration.certificateChain = chain.map { .certificate($0) }
        configuration.privateKey = .privateKey(key)
        return configuration
    }

    private func clientIdentity(
        _ names: ExporterNames
    ) throws(TracingConfigurationError) -> (chain: [NIOSSLCertificate], key: NIOSSLPrivateKey)? {
        switch (clientCertificateFile, clientKeyFile) {
        case (nil, nil): return nil
        case (let certificate?, nil):
            throw .tls("client certificate \"\(certificate)\" (\(names.clientCertificate)) has no private key; name its file in \(names.clientKey)")
        case (nil, let key?):
            throw .tls("private key \"\(key)\" (\(names.clientKey)) has no certificate; name its file in \(names.clientCertificate)")
        case (let certificateFile?, let keyFile?):
            let chain = try PEMFile(certificateFile, setting: names.clientCertificate).certificates()
            let key = try PEMFile(keyFile, setting: names.clientKey).privateKey()
            // A context of our own, only to find out now whether the two belong together.
            var trial = TLSConfiguration.makeClientConfiguration()
            trial.trustRoots = .certificates([])
            trial.certificateChain = chain.map { .certificate($0) }
            trial.privateKey = .privateKey(key)
            do { _ = try NIOSSLContext(configuration: trial) } catch {
                throw .tls(
                    "private key \"\(keyFile)\" (\(names.clientKey)) does not belong to the first certificate in "
                        + "\"\(certificateFile)\" (\(names.clientCertificate)): \(error)"
                )
            }
            return (chain, key)
        }
    }
}

extension TracingConfigurationError {
    static func tls(_ message: String) -> Self { TracingConfigurationError(code: .invalidTLS, message: "TLS " + message) }
}
