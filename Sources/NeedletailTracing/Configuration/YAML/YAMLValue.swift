/// A value of a YAML file and the line it begins at; aliases and merge keys are resolved.
package struct YAMLValue: Sendable {
    package enum Content: Sendable {
        /// - Parameter isPlain: without quotes, so that it may be a number, a boolean or null.
        case scalar(String, isPlain: Bool)
        case list([YAMLValue])
        case mapping([Entry])
    }

    package struct Entry: Sendable {
        package var key: String
        /// The line of the key.
        package var line: Int
        package var value: YAMLValue
    }

    package var content: Content
    /// From 1.
    package var line: Int
}
