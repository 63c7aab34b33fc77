package import Inference

/// The backends that models of a repository can name.
package enum Backends {
    /// All that this program brings along.
    package static func all() -> [any BackendFactory] { [] }
}
