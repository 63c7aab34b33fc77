#if canImport(Glibc)
internal import Glibc
#elseif canImport(Musl)
internal import Musl
#else
internal import Darwin
#endif
public import TraceModel

/// `host.name`, `host.arch` and `host.id`.
public struct HostDetector: ResourceDetector {
    public let name = "host"
    let files: SystemFiles
    let hostName: String?

    public init() { self.init(files: .live, hostName: Self.currentHostName) }

    init(files: SystemFiles, hostName: String?) {
        self.files = files
        self.hostName = hostName
    }

    public func detect() -> [Attribute] {
        var attributes: [Attribute] = []
        if let hostName { attributes.append(Attribute("host.name", .string(hostName))) }
        if let architecture = Self.architecture { attributes.append(Attribute("host.arch", .string(architecture))) }
        if let id = Self.machineIDFiles.lazy.compactMap({ Self.machineID(files.firstLine($0)) }).first {
            attributes.append(Attribute("host.id", .string(id)))
        }
        return attributes
    }

    /// machine-id(5), and where D-Bus has kept it before.
    private static let machineIDFiles = ["/etc/machine-id", "/var/lib/dbus/machine-id"]

    /// Images of containers and virtual machines have none, or `uninitialized`.
    private static func machineID(_ line: String?) -> String? {
        guard let line, line.utf8.count == 32, line.utf8.allSatisfy({ Hex.value(of: $0) != nil }), line.contains(where: { $0 != "0" }) else {
            return nil
        }
        return line
    }

    /// The names of the semantic conventions.
    private static var architecture: String? {
        #if arch(x86_64)
        "amd64"
        #elseif arch(arm64)
        "arm64"
        #elseif arch(arm)
        "arm32"
        #elseif arch(i386)
        "x86"
        #elseif arch(powerpc64) || arch(powerpc64le)
        "ppc64"
        #elseif arch(s390x)
        "s390x"
        #else
        nil
        #endif
    }

    private static var currentHostName: String? {
        // HOST_NAME_MAX is 64, on other systems 255.
        var name = [CChar](repeating: 0, count: 256)
        guard gethostname(&name, name.count - 1) == 0 else { return nil }
        let text = String(decoding: name.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
        return text.isEmpty ? nil : text
    }
}
