internal import ArgumentParser
internal import NeedletailTracing
internal import TraceCollector

extension BackEndOptions {
    /// The pipelines of `--collector-config`; everything to the store without one.
    ///
    /// - Throws: `ValidationError` with a line for each mistake in the file.
    var collectorConfiguration: CollectorConfiguration {
        get throws {
            guard let collectorConfig else { return .storeOnly }
            do {
                return try CollectorConfiguration(path: collectorConfig)
            } catch let error as TracingConfigurationError {
                throw ValidationError(error.message)
            }
        }
    }

    /// For `--config-check`: tells what is wrong, and what has no effect.
    func checkCollectorConfiguration() throws {
        for notice in try collectorConfiguration.notices { print(notice) }
    }
}
