#if canImport(Glibc)
internal import Glibc
#elseif canImport(Musl)
internal import Musl
#else
internal import Darwin
#endif
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
        guard let file = fopen(path, "rb") else { throw Self.unreadable(path, setting) }
        defer { fclose(file) }
        // One byte beyond the limit tells "exactly full" from "too large".
        var bytes = [UInt8](repeating: 0, count: Self.maximumSize + 1)
        let count = fread(&bytes, 1, bytes.count, file)
        // Opening a folder succeeds, reading it does not.
        if ferror(file) != 0 { throw Self.unreadable(path, setting) }
        guard count <= Self.maximumSize else {
            throw .tls("file \"\(path)\" (\(setting)) is larger than \(Self.maximumSize) bytes; expected PEM text")
        }
        self.bytes = Array(bytes[..<count])
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

    private static func unreadable(_ path: String, _ setting: String) -> TracingConfigurationError {
        .tls("file \"\(path)\" (\(setting)) cannot be read: \(String(cString: strerror(errno)))")
    }
}
