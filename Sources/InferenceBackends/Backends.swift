package import Inference
package import Logging

/// The backends that models of a repository can name.
package enum Backends {
    /// All that this program brings along.
    ///
    /// - Parameter configuration: the settings of the repositories that they are for.
    package static func all(
        _ configuration: RepositoryConfiguration = RepositoryConfiguration(),
        python: PythonSettings = PythonSettings(),
        environment: [String: String],
        logger: Logger
    ) -> [any BackendFactory] {
        [
            OpenVINOFactory(configuration, environment: environment, logger: logger),
            PythonModelFactory(runtime: PythonRuntime(settings: python, environment: environment, logger: logger)),
        ]
    }
}
