/// Requests that are not traced: no span, no context.
public struct ExcludedURLs: Hashable, Sendable {
    /// The patterns as they were given.
    public let patterns: [String]

    /// Excludes nothing.
    public init() { patterns = [] }

    /// The request is not to be traced.
    ///
    /// - Parameter url: `scheme://host:port/path`, without the query.
    public func contains(_ url: String) -> Bool { false }
}
