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

/// What lies in the folders of a model repository.
enum RepositoryFolders {
    /// Bytes that a file of a configuration or of labels may have.
    static let maximumTextSize = 16 << 20
    /// Files of one model that are looked at for changes.
    static let maximumFileCount = 10_000

    /// The model folders of a repository, by name.
    ///
    /// - Throws: `invalidArgument` when the folder cannot be read.
    static func models(in directory: String) throws(InferenceError) -> [String: String] {
        var models: [String: String] = [:]
        for name in try entries(of: directory) where !name.hasPrefix(".") {
            let path = join(directory, name)
            if isDirectory(path) { models[name] = path }
        }
        return models
    }

    /// The versions of a model's folder: those with whole numbers above 0 as their names, sorted.
    static func versions(in directory: String) -> [Int] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: directory)) ?? []
        return names.compactMap { name in
            guard let number = Int(name), number > 0, String(number) == name, isDirectory(join(directory, name)) else { return nil }
            return number
        }.sorted()
    }

    static func entries(of directory: String) throws(InferenceError) -> [String] {
        do {
            return try FileManager.default.contentsOfDirectory(atPath: directory).sorted()
        } catch {
            throw InferenceError(.invalidArgument, "the folder '\(directory)' does not exist or cannot be read")
        }
    }

    static func isDirectory(_ path: String) -> Bool { status(of: path)?.isDirectory ?? false }

    static func exists(_ path: String) -> Bool { status(of: path) != nil }

    /// The content of a small file; `nil` when it is not there.
    ///
    /// - Throws: `invalidArgument` when it is too large or cannot be read.
    static func text(of path: String) throws(InferenceError) -> [UInt8]? {
        guard let status = status(of: path) else { return nil }
        guard status.size <= maximumTextSize else {
            throw InferenceError(.invalidArgument, "the file '\(path)' has \(status.size) bytes; at most \(maximumTextSize) are read")
        }
        guard let data = FileManager.default.contents(atPath: path) else {
            throw InferenceError(.invalidArgument, "the file '\(path)' cannot be read; check its permissions")
        }
        return [UInt8](data)
    }

    /// Sizes and times of all files of a folder, to see whether anything has changed.
    static func fingerprint(of directory: String) -> [String] {
        var result: [String] = []
        collect(directory, "", depth: 0, into: &result)
        return result
    }

    private static func collect(_ directory: String, _ prefix: String, depth: Int, into result: inout [String]) {
        guard depth < 16, let names = try? FileManager.default.contentsOfDirectory(atPath: directory) else { return }
        for name in names.sorted() where result.count < maximumFileCount {
            guard let status = status(of: join(directory, name)) else { continue }
            if status.isDirectory {
                // A folder's own size and time say nothing that its files do not.
                result.append("\(prefix)\(name)/")
                collect(join(directory, name), "\(prefix)\(name)/", depth: depth + 1, into: &result)
            } else {
                result.append("\(prefix)\(name) \(status.size) \(status.time)")
            }
        }
    }

    private struct Status {
        var isDirectory: Bool
        var size: Int
        /// Nanoseconds since the epoch.
        var time: Int
    }

    /// Links are followed.
    private static func status(of path: String) -> Status? {
        var info = stat()
        guard stat(path, &info) == 0 else { return nil }
        #if canImport(Glibc)
        let time = info.st_mtim
        #else
        let time = info.st_mtimespec
        #endif
        return Status(isDirectory: info.st_mode & S_IFMT == S_IFDIR, size: Int(info.st_size), time: time.tv_sec &* 1_000_000_000 &+ time.tv_nsec)
    }

    static func join(_ directory: String, _ name: String) -> String {
        directory.hasSuffix("/") ? directory + name : "\(directory)/\(name)"
    }
}
