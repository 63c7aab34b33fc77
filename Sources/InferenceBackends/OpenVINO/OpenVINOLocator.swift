internal import Inference
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

/// Where OpenVINO's C library may lie.
struct OpenVINOLocator: Sendable {
    /// `--backend-directory`; `nil` when it is not given.
    var directory: String?
    var environment: [String: String]

    /// The name of the library in a wheel begins so, with the version behind it.
    private static let libraryName = "libopenvino_c.so"

    /// The libraries to try, the best first. The last one is left to the system's loader.
    func candidates() throws(InferenceError) -> [String] {
        for (name, path) in [("NEEDLETAIL_OPENVINO", environment["NEEDLETAIL_OPENVINO"]), ("--backend-directory", directory)] {
            guard let path, !path.isEmpty else { continue }
            if let library = library(at: path) { return [library] }
            // A folder of backends may well hold others alone; a variable that names OpenVINO is meant.
            if name == "NEEDLETAIL_OPENVINO" {
                throw InferenceError(.unavailable, "\(name) is '\(path)', but there is no \(Self.libraryName) in it, in its openvino/libs or in its runtime/lib")
            }
        }
        return sitePackages().compactMap { library(at: $0) } + [Self.libraryName]
    }

    /// The library at a path: the file itself, or in a folder as the wheel and the archive have it.
    private func library(at path: String) -> String? {
        var isDirectory = false
        guard FileManager.default.fileExists(atPath: path, isDirectory: &isDirectory) else { return nil }
        guard isDirectory else { return path }
        for folder in ["", "/libs", "/openvino/libs", "/lib", "/runtime/lib/intel64", "/runtime/lib/aarch64"] {
            let names = (try? FileManager.default.contentsOfDirectory(atPath: path + folder)) ?? []
            if let name = names.filter({ $0.hasPrefix(Self.libraryName) }).max() { return "\(path)\(folder)/\(name)" }
        }
        return nil
    }

    /// Folders of Python packages: of the active environment, of the `python3` that a shell would start, of the system.
    private func sitePackages() -> [String] {
        var roots: [String] = []
        if let active = environment["VIRTUAL_ENV"] { roots.append(active) }
        for folder in (environment["PATH"] ?? "").split(separator: ":") {
            let python = "\(folder)/python3"
            guard access(python, X_OK) == 0 else { continue }
            // An environment's python3 is a link; its packages lie beside the link.
            roots.append(String(folder.split(separator: "/").dropLast().reduce(into: "") { $0 += "/\($1)" }))
            break
        }
        if let home = environment["HOME"] { roots.append("\(home)/.local") }
        roots += ["/usr/local", "/usr"]
        return roots.flatMap { root in
            let names = (try? FileManager.default.contentsOfDirectory(atPath: "\(root)/lib")) ?? []
            return names.filter { $0.hasPrefix("python3") }.sorted(by: >).flatMap {
                ["\(root)/lib/\($0)/site-packages", "\(root)/lib/\($0)/dist-packages"]
            }
        }
    }
}
