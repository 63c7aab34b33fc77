internal import TraceStoreSQLite

extension BackEndOptions {
    /// The store's settings.
    var storeConfiguration: SQLiteTraceStore.Configuration {
        var configuration = SQLiteTraceStore.Configuration()
        configuration.retentionSeconds = retentionAge.seconds
        switch retentionSize {
        case .bytes(let bytes): configuration.retentionSize = bytes
        case .percent(let percent):
            if let space = SQLiteTraceStore.space(directory: dataDir) {
                configuration.retentionSize = max(RetentionSize.minimumBytes, Int(Double(space) * Double(percent) / 100))
            }
        case .off: break
        }
        return configuration
    }
}
