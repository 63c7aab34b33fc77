#if canImport(FoundationEssentials)
internal import FoundationEssentials
#else
internal import Foundation
#endif

/// The folders of what has to survive the end of the program.
enum StorageFolder {
    struct Failure: Error, CustomStringConvertible {
        var description: String
    }

    /// The names of the databases in a folder; none when there is no such folder.
    static func databases(in path: String) -> [String] {
        ((try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []).filter { $0.hasSuffix(".sqlite") }.sorted()
    }

    static func prepare(_ storage: FileStorageSettings) throws(Failure) {
        try prepare(storage.directory, creates: storage.createsDirectory)
    }

    /// Makes the folder, if it may, readable for this user only.
    static func prepare(_ path: String, creates: Bool = true) throws(Failure) {
        var isDirectory = false
        if FileManager.default.fileExists(atPath: path, isDirectory: &isDirectory) {
            guard isDirectory else { throw Failure(description: "\(path) is a file, expected a folder for file_storage") }
            return
        }
        guard creates else { throw Failure(description: "the folder \(path) of file_storage does not exist; make it, or set create_directory: true") }
        do {
            try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        } catch {
            throw Failure(description: "the folder \(path) of file_storage cannot be made: \(error); name one that this user may write")
        }
    }
}
