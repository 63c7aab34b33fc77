#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// A folder of one test, removed with this object.
final class TemporaryDirectory: Sendable {
    let path: String

    init() {
        var template = Array("/tmp/needletail-store-XXXXXX".utf8CString)
        path = template.withUnsafeMutableBufferPointer { String(cString: mkdtemp($0.baseAddress!)) }
    }

    deinit {
        for name in names { unlink(path + "/" + name) }
        rmdir(path)
    }

    /// The names of the files in it.
    var names: [String] {
        guard let folder = opendir(path) else { return [] }
        defer { closedir(folder) }
        var names: [String] = []
        while let entry = readdir(folder) {
            names.append(withUnsafeBytes(of: entry.pointee.d_name) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) })
        }
        return names.filter { $0 != "." && $0 != ".." }.sorted()
    }

    /// The names of a store's partitions, oldest first.
    var partitions: [String] { names.filter { $0.hasPrefix("traces") && $0.hasSuffix(".sqlite") } }

    /// Writes a file into it.
    func store(_ bytes: [UInt8], to name: String) {
        let file = open(path + "/" + name, O_WRONLY | O_CREAT | O_TRUNC, 0o644)
        _ = bytes.withUnsafeBytes { write(file, $0.baseAddress, $0.count) }
        close(file)
    }

    func rename(_ name: String, to other: String) {
        #if canImport(Glibc)
        _ = Glibc.rename(path + "/" + name, path + "/" + other)
        #else
        _ = Darwin.rename(path + "/" + name, path + "/" + other)
        #endif
    }

    /// The bytes of a file in it.
    func contents(of name: String) -> [UInt8] {
        let file = open(path + "/" + name, O_RDONLY)
        defer { close(file) }
        var bytes: [UInt8] = []
        var piece = [UInt8](repeating: 0, count: 65_536)
        while case let count = read(file, &piece, piece.count), count > 0 { bytes += piece.prefix(count) }
        return bytes
    }
}
