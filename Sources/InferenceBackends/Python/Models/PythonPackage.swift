internal import Glibc
internal import Inference

/// The Python package that this program brings along.
final class PythonPackage: Sendable {
    static let shared = PythonPackage()

    /// The folder to put on Python's path.
    func path() throws(InferenceError) -> String {
        var buffer = [UInt8](repeating: 0, count: 4096)
        let count = buffer.withUnsafeMutableBytes { readlink("/proc/self/exe", $0.baseAddress!, $0.count) }
        var folder = count > 0 ? String(decoding: buffer[..<count], as: UTF8.self)[...] : ""
        while let slash = folder.lastIndex(of: "/") {
            folder = folder[..<slash]
            if access("\(folder)/python/needletail/worker.py", R_OK) == 0 { return "\(folder)/python" }
        }
        throw InferenceError(.internal, "the Python package 'needletail' is not there: name its folder with NEEDLETAIL_PYTHON_PATH")
    }
}
