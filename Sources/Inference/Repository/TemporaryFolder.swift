#if canImport(FoundationEssentials)
internal import FoundationEssentials
#else
internal import Foundation
#endif
#if canImport(Glibc)
internal import Glibc
#else
internal import Darwin
#endif

/// The files of a load request, in a folder that only this user can read. It is removed with the last reference.
final class TemporaryFolder: Sendable {
    let path: String

    /// Writes the files.
    ///
    /// - Throws: `invalidArgument` for a path that leads out of the folder, `internal` when it cannot be written.
    init(files: [String: [UInt8]], modelName: String) throws(InferenceError) {
        let parent = FileManager.default.temporaryDirectory.path
        var template = Array("\(parent)/needletail-\(modelName)-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else {
            throw InferenceError(.internal, "cannot make a folder in '\(parent)' for the files of model '\(modelName)': \(String(cString: strerror(errno)))")
        }
        path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
        do {
            for (name, content) in files { try Self.write(content, name: name, folder: path) }
        } catch {
            try? FileManager.default.removeItem(atPath: path)
            throw error
        }
    }

    private static func write(_ content: [UInt8], name: String, folder: String) throws(InferenceError) {
        let parts = name.split(separator: "/", omittingEmptySubsequences: false)
        guard !name.isEmpty, parts.allSatisfy({ !$0.isEmpty && $0 != "." && $0 != ".." && !$0.utf8.contains(0) }) else {
            throw InferenceError(.invalidArgument, "Invalid file parameter 'file:\(name)': the path must stay within the model directory")
        }
        let file = "\(folder)/\(name)"
        do {
            try FileManager.default.createDirectory(
                atPath: "\(folder)/\(parts.dropLast().joined(separator: "/"))",
                withIntermediateDirectories: true
            )
            try Data(content).write(to: URL(filePath: file))
        } catch {
            throw InferenceError(.internal, "cannot write the file '\(name)' of the load request: \(error)")
        }
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }
}
