#if canImport(Glibc)
internal import Glibc
#elseif canImport(Musl)
internal import Musl
#else
internal import Darwin
#endif
public import TraceModel

/// `process.pid`, `process.executable.name` and `.path`, `process.owner`, `process.runtime.name` and `.version`.
///
/// The owner is looked up in `/etc/passwd` only: a directory service might take its time.
public struct ProcessDetector: ResourceDetector {
    public let name = "process"
    let files: SystemFiles
    let pid: Int64
    let userID: UInt32
    /// As it was started, or as the system has it.
    let executablePath: String?

    public init() {
        self.init(files: .live, pid: Int64(getpid()), userID: geteuid(), executablePath: Self.currentExecutablePath)
    }

    init(files: SystemFiles, pid: Int64, userID: UInt32, executablePath: String?) {
        self.files = files
        self.pid = pid
        self.userID = userID
        self.executablePath = executablePath
    }

    public func detect() -> [Attribute] {
        var attributes = [Attribute("process.pid", .int(pid))]
        if let path = executablePath, let name = path.split(separator: "/").last {
            attributes.append(Attribute("process.executable.name", .string(String(name))))
            if path.hasPrefix("/") { attributes.append(Attribute("process.executable.path", .string(path))) }
        }
        if let owner = files.read("/etc/passwd").flatMap({ Self.owner(userID: userID, passwd: $0) }) {
            attributes.append(Attribute("process.owner", .string(owner)))
        }
        attributes.append(Attribute("process.runtime.name", "swift"))
        attributes.append(Attribute("process.runtime.version", .string(Self.runtimeVersion)))
        return attributes
    }

    /// The first name of a user in the text of `/etc/passwd`.
    static func owner(userID: UInt32, passwd: String) -> String? {
        for line in passwd.split(separator: "\n") {
            let fields = line.split(separator: ":", omittingEmptySubsequences: false)
            if fields.count >= 3, UInt32(fields[2]) == userID, !fields[0].isEmpty { return String(fields[0]) }
        }
        return nil
    }

    /// Of the compiler; no program knows more.
    private static var runtimeVersion: String {
        #if compiler(>=6.4)
        "6.4"
        #elseif compiler(>=6.3)
        "6.3"
        #else
        "6.2"
        #endif
    }

    private static var currentExecutablePath: String? {
        #if os(Linux)
        var path = [CChar](repeating: 0, count: Int(PATH_MAX))
        let length = readlink("/proc/self/exe", &path, path.count)
        if length > 0 {
            // What was replaced while it runs, by an update for instance, has this after its name.
            let text = String(decoding: path[..<length].map(UInt8.init(bitPattern:)), as: UTF8.self)
            return text.hasSuffix(" (deleted)") ? String(text.dropLast(10)) : text
        }
        #endif
        return CommandLine.arguments.first
    }
}
