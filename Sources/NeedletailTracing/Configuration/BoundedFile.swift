#if canImport(Glibc)
internal import Glibc
#elseif canImport(Musl)
internal import Musl
#else
internal import Darwin
#endif

/// Reads small files whole.
package enum BoundedFile {
    /// Why a file cannot be used.
    package struct Failure: Error, CustomStringConvertible {
        package var description: String
    }

    /// - Throws: a reason that goes after the name of the file.
    package static func read(_ path: String, maximumSize: Int) throws(Failure) -> [UInt8] {
        guard let file = fopen(path, "rb") else { throw failure(errno) }
        defer { fclose(file) }
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 64 * 1024)
        while true {
            let count = fread(&chunk, 1, chunk.count, file)
            bytes += chunk[..<count]
            guard bytes.count <= maximumSize else { throw Failure(description: "is longer than \(maximumSize) bytes; is it the right file?") }
            guard count == chunk.count else {
                if ferror(file) != 0 { throw failure(errno) }
                return bytes
            }
        }
    }

    private static func failure(_ code: CInt) -> Failure {
        switch code {
        case ENOENT: Failure(description: "there is no such file; check the path")
        case EISDIR: Failure(description: "is a directory; expected a file")
        case EACCES: Failure(description: "may not be read by this user; check the permissions")
        default: Failure(description: "cannot be read: \(String(cString: strerror(code)))")
        }
    }
}
