#if canImport(Darwin)
internal import Foundation
#endif
public import TraceModel

/// `os.type`, `os.description`, `os.name`, `os.version` and `os.build_id`; on Linux from os-release(5).
public struct OperatingSystemDetector: ResourceDetector {
    public let name = "os"
    let files: SystemFiles

    public init() { self.init(files: .live) }

    init(files: SystemFiles) { self.files = files }

    public func detect() -> [Attribute] {
        #if os(Linux)
        let text = files.read("/etc/os-release") ?? files.read("/usr/lib/os-release") ?? ""
        return [Attribute("os.type", "linux")] + Self.attributes(osRelease: text)
        #elseif canImport(Darwin)
        return [
            Attribute("os.type", "darwin"), Attribute("os.name", "macOS"),
            Attribute("os.description", .string("macOS \(ProcessInfo.processInfo.operatingSystemVersionString)")),
        ]
        #else
        return []
        #endif
    }

    /// What os-release tells: assignments as in a shell.
    static func attributes(osRelease text: String) -> [Attribute] {
        let keys = ["PRETTY_NAME": "os.description", "NAME": "os.name", "VERSION_ID": "os.version", "BUILD_ID": "os.build_id"]
        var attributes: [Attribute] = []
        for line in text.split(whereSeparator: \.isNewline) {
            guard let equals = line.firstIndex(of: "="), let key = keys[String(line[..<equals].trimmingBlanks())] else { continue }
            let value = unquoted(line[line.index(after: equals)...].trimmingBlanks())
            guard !value.isEmpty, attributes[key] == nil else { continue }
            attributes.append(Attribute(key, .string(value)))
        }
        return attributes
    }

    /// Without the quotes, and the backslashes before special characters.
    private static func unquoted(_ text: Substring) -> String {
        guard let quote = text.first, quote == "\"" || quote == "'" else { return String(text) }
        var result = ""
        var isEscaped = false
        for character in text.dropFirst() {
            if isEscaped {
                result.append(character)
                isEscaped = false
            } else if character == "\\", quote == "\"" {
                isEscaped = true
            } else if character == quote {
                break
            } else {
                result.append(character)
            }
        }
        return result
    }
}
