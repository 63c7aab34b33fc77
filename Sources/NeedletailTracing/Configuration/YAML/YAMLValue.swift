/// A value of a YAML file and the line it begins at; aliases and merge keys are resolved.
struct YAMLValue: Sendable {
    enum Content: Sendable {
        /// - Parameter isPlain: without quotes, so that it may be a number, a boolean or null.
        case scalar(String, isPlain: Bool)
        case list([YAMLValue])
        case mapping([Entry])
    }

    struct Entry: Sendable {
        var key: String
        /// The line of the key.
        var line: Int
        var value: YAMLValue
    }

    var content: Content
    /// From 1.
    var line: Int
}
