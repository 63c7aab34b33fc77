import Foundation

enum ProcessFolder {
    static var temporary: String { ProcessInfo.processInfo.environment["TMPDIR"] ?? "/tmp" }
    static func make(_ path: String) { try? FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true) }
    static func remove(_ path: String) { try? FileManager.default.removeItem(atPath: path) }
    static func contents(_ path: String) -> [UInt8] { [UInt8](FileManager.default.contents(atPath: path) ?? Data()) }
    static func write(_ text: String, to path: String) throws { try text.write(toFile: path, atomically: true, encoding: .utf8) }
    static func names(in path: String) -> [String] { ((try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []).sorted() }
}
