internal import GRPCNIOTransportHTTP2Posix
internal import NIOSSL

/// The certificates and the key that a ``TLSClientConfiguration`` names, read and checked.
struct TLSMaterial: Sendable {
    /// `nil` for the system's.
    private let trustRoots: [NIOSSLCertificate]?
    private let identity: (chain: [NIOSSLCertificate], key: NIOSSLPrivateKey)?
    private let skipsVerification: Bool

    /// - Throws: ``TracingConfigurationError`` `.invalidTLS` that names the file and the setting.
    init(_ files: TLSClientConfiguration, names: ExporterNames) throws(TracingConfigurationError) {
        if let certificateFile = files.certificateFile {
            trustRoots = try PEMFile(certificateFile, setting: names.certificate).certificates()
        } else {
            trustRoots = nil
        }
        identity = try Self.identity(files, names)
        skipsVerification = files.skipsVerification
    }

    private static func identity(
        _ files: TLSClientConfiguration, _ names: ExporterNames
    ) throws(TracingConfigurationError) -> (chain: [NIOSSLCertificate], key: NIOSSLPrivateKey)? {
        switch (files.clientCertificateFile, files.clientKeyFile) {
        case (nil, nil): return nil
        case (let path?, nil):
            throw .tls("client certificate \"\(path)\" (\(names.clientCertificate)) has no key; name its file in \(names.clientKey)")
        case (nil, let path?):
            throw .tls("private key \"\(path)\" (\(names.clientKey)) has no certificate; name its file in \(names.clientCertificate)")
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

    /// For AsyncHTTPClient.
    var configuration: TLSConfiguration {
        var configuration = TLSConfiguration.makeClientConfiguration()
        if let trustRoots { configuration.trustRoots = .certificates(trustRoots) }
        if skipsVerification { configuration.certificateVerification = .none }
        if let identity {
            configuration.certificateChain = identity.chain.map { .certificate($0) }
            configuration.privateKey = .privateKey(identity.key)
        }
        return configuration
    }

    /// For grpc-swift.
    func transportSecurity() throws -> HTTP2ClientTransport.Posix.TransportSecurity {
        var tls = HTTP2ClientTransport.Posix.TransportSecurity.TLS.defaults
        func sources(_ certificates: [NIOSSLCertificate]) throws -> [TLSConfig.CertificateSource] {
            try certificates.map { .bytes(try $0.toDERBytes(), format: .der) }
        }
        if let trustRoots { tls.trustRoots = .certificates(try sources(trustRoots)) }
        if skipsVerification { tls.serverCertificateVerification = .noVerification }
        if let identity {
            tls.certificateChain = try sources(identity.chain)
            tls.privateKey = .bytes(try identity.key.derBytes, format: .der)
        }
        return .tls(tls)
    }
}

extension TracingConfigurationError {
    static func tls(_ message: String) -> Self { TracingConfigurationError(code: .invalidTLS, message: "TLS " + message) }
}
