internal import TraceCollector

extension BackEndOptions {
    /// The pipelines of `--collector-config`; everything to the store without one.
    var collectorConfiguration: CollectorConfiguration {
        get throws { try collectorConfig.map(CollectorConfiguration.init(path:)) ?? .storeOnly }
    }
}
