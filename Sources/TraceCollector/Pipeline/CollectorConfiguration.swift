/// The back end's pipelines in the OpenTelemetry Collector's own vocabulary.
public struct CollectorConfiguration: Sendable {
    /// Everything to the store.
    public static let storeOnly = CollectorConfiguration()

    public init() {}

    /// Reads a `traces.yaml`.
    ///
    /// - Throws: an error that names file, line and setting, and for an unknown component lists the known ones.
    public init(path: String) throws {}
}
