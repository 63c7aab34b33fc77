internal import NIOSSL

/// A file with certificates or a private key (RFC 7468), named by a setting.
struct PEMFile {
    /// The largest file that is read; the system's bundle of all authorities is a quarter of it.
    static let maximumSize = 1024 * 1024

    private let path: String
    private let setting: String
    private let bytes: [UInt8]

    /// - Throws: ``TracingConfigurationError`` `.invalidTLS` when it cannot be read.
    init(_ path: String, setting: String) throws(TracingConfigurationError) {
        self.path = path
        self.setting = setting
        do {
            bytes = try BoundedFile.read(path, maximumSize: Self.maximumSize)
        } catch {
            throw .tls("file \"\(path)\" (\(setting)): \(error)")
        }
    }

    /// All certificates of the file, at least one.
    func certificates() throws(TracingConfigurationError) -> [NIOSSLCertificate] {
        let certificates = (try? NIOSSLCertificate.fromPEMBytes(bytes)) ?? []
        guard !certificates.isEmpty else {
            throw .tls(
                "file \"\(path)\" (\(setting)) holds no readable certificate; expected PEM text with -----BEGIN CERTIFICATE-----"
            )
        }
        return certificates
    }

    /// The private key of the file.
    func privateKey() throws(TracingConfigurationError) -> NIOSSLPrivateKey {
        do {
            // Without a callback the library would ask for the pass phrase at the terminal.
            return try NIOSSLPrivateKey(bytes: bytes, format: .pem) { (_: NIOSSLPassphraseSetter<[UInt8]>) in
                throw NIOSSLError.failedToLoadPrivateKey
            }
        } catch {
            throw .tls(
                "file \"\(path)\" (\(setting)) holds no readable private key; expected PEM text with "
                    + "-----BEGIN PRIVATE KEY-----, without a pass phrase"
            )
        }
    }
}
