#if canImport(FoundationEssentials)
internal import FoundationEssentials
#else
internal import Foundation
#endif
internal import Inference
internal import Synchronization

/// The Python package that this program brings along, unpacked for the interpreter.
///
/// It goes into the user's cache, in a folder that is named after the content, so that programs of different versions do not
/// meet and nothing piles up. Where there is no cache it goes into a temporary folder.
final class PythonPackage: Sendable {
    static let shared = PythonPackage()

    private let unpacked = Mutex<String?>(nil)

    /// The folder to put on Python's path.
    ///
    /// - Throws: `internal` when it cannot be written.
    func path(environment: [String: String]) throws(InferenceError) -> String {
        let result: Result<String, InferenceError> = unpacked.withLock { unpacked in
            if let unpacked { return .success(unpacked) }
            do {
                let path = try Self.unpack(environment)
                unpacked = path
                return .success(path)
            } catch {
                return .failure(InferenceError(.internal, "the Python package 'needletail' cannot be unpacked: \(error); name a folder that holds it with NEEDLETAIL_PYTHON_PATH"))
            }
        }
        return try result.get()
    }

    private static func unpack(_ environment: [String: String]) throws -> String {
        let manager = FileManager.default
        let folder = "needletail/python-\(ContentHash.hash(PythonPackageFiles.all))"
        let caches = [environment["XDG_CACHE_HOME"], environment["HOME"].map { $0 + "/.cache" }].compactMap { $0 }.filter { !$0.isEmpty }
        for cache in caches {
            let path = "\(cache)/\(folder)"
            if isComplete(path) { return path }
            do {
                try write(to: path + "." + UUID().uuidString, then: path)
                return path
            } catch {
                // Somebody else may have been faster; otherwise the next place is tried.
                if isComplete(path) { return path }
            }
        }
        let path = manager.temporaryDirectory.path + "/needletail-python-" + UUID().uuidString
        try write(to: path + ".new", then: path)
        return path
    }

    private static func isComplete(_ path: String) -> Bool {
        PythonPackageFiles.all.allSatisfy { file in
            FileManager.default.contents(atPath: "\(path)/needletail/\(file.path)") == Data(file.content)
        }
    }

    /// Writes all files aside and puts the folder into place at once.
    private static func write(to aside: String, then path: String) throws {
        let manager = FileManager.default
        do {
            for file in PythonPackageFiles.all {
                let target = "\(aside)/needletail/\(file.path)"
                let folder = target[..<(target.lastIndex(of: "/") ?? target.endIndex)]
                try manager.createDirectory(atPath: String(folder), withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
                try Data(file.content).write(to: URL(filePath: target))
            }
            if manager.fileExists(atPath: path) { try manager.removeItem(atPath: path) }
            try manager.moveItem(atPath: aside, toPath: path)
        } catch {
            try? manager.removeItem(atPath: aside)
            throw error
        }
    }
}

/// Names a content: FNV-1a.
private enum ContentHash {
    static func hash(_ files: [(path: String, content: [UInt8])]) -> String {
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        for file in files {
            for byte in file.path.utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
            for byte in file.content { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
        }
        return String(hash, radix: 16)
    }
}
