import Logging
import Testing
import TraceModel
import TraceStore
import TraceStoreSQLite

@Suite("SQLite store conforms")
struct SQLiteTraceStoreConformanceTests {
    struct Subject: TraceStoreConformance.Subject {
        let isPersistent = true
        let directory = TemporaryDirectory()
        var configuration = SQLiteTraceStore.Configuration()

        func open() async throws -> any TraceStore {
            try SQLiteTraceStore(directory: directory.path, configuration: configuration, logger: .quiet)
        }
    }

    @Test("with the default settings", arguments: TraceStoreConformance.checks)
    func standard(check: TraceStoreConformance.Check) async throws {
        try await check.run(Subject())
    }

    @Test("with blocks of three spans and no cache", arguments: TraceStoreConformance.checks)
    func smallBlocks(check: TraceStoreConformance.Check) async throws {
        try await check.run(Subject(configuration: .init(maximumSpansPerBlock: 3, cacheSize: 0, readerCount: 1)))
    }
}

extension Logger {
    static let quiet = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
}
