/// Settings of a ``FileSpanExporter``.
public struct FileExporterConfiguration: Hashable, Sendable {
    /// Where to write; the folder must exist.
    public var path: String
    /// Bytes after which the file is renamed to `path.1` and a new one is begun; `nil`: no limit.
    public var maximumFileSize: Int?
    /// Renamed files that are kept.
    public var maximumBackups: Int

    public init(path: String, maximumFileSize: Int? = nil, maximumBackups: Int = 5) {
        self.path = path
        self.maximumFileSize = maximumFileSize
        self.maximumBackups = maximumBackups
    }
}
