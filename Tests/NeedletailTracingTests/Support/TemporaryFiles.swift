import Foundation

/// Writes files into a folder of their own, calls the body with their paths, and removes them.
func withTemporaryFiles<Result>(
    _ contents: [String], _ body: ([String]) async throws -> Result
) async throws -> Result {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("needletail-test-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    var paths: [String] = []
    for (index, text) in contents.enumerated() {
        let file = folder.appendingPathComponent("\(index).pem")
        try text.write(to: file, atomically: true, encoding: .utf8)
        paths.append(file.path)
    }
    return try await body(paths)
}
