internal import CSQLite
internal import Dispatch
internal import Foundation
internal import Logging
internal import TraceModel
internal import TraceStore
internal import TraceStoreSQLite
internal import TraceWire

/// What the SQLite store costs by itself: floors, storing, and reading among many spans.
///
/// The spans are those of ``SpanRequests``, 2,000 in each append, ten milliseconds apart; in each append one span has a rare tag.
struct StoreBenchmark {
    static let spansPerAppend = 2000
    static let rareValueCount = 500

    var spanCount: Int
    /// Where to put the store; removed afterwards.
    var folder: String

    private let began: UInt64 = 1_767_225_600_000_000_000
    private let step: UInt64 = 10_000_000

    func run() async throws -> [BenchmarkRow] {
        defer { try? FileManager.default.removeItem(atPath: folder) }
        var rows = try floors()
        let configuration = SQLiteTraceStore.Configuration(partitionSize: 128 << 20)
        let store = try SQLiteTraceStore(directory: folder, configuration: configuration, logger: Self.quiet)
        let (filled, ids) = try await fill(store)
        rows += filled
        rows += try await reads(store, ids)
        await store.close()
        rows += try await opening(configuration)
        rows.append(.atMost(512, "store: peak memory of all of this", Self.peakMemory(), "MiB", note: "the making of the spans included"))
        return rows
    }

    // MARK: Floors

    /// The same bytes, copied, and put into an SQLite table as they are.
    func floors() throws -> [BenchmarkRow] {
        var maker = SpanRequests(encoding: .protobuf, spansPerRequest: Self.spansPerAppend, attributesPerSpan: 10)
        let bodies = (0..<50).map { _ in OTLPProtobuf.encode(maker.batch(at: began)) }
        let spans = Double(bodies.count * Self.spansPerAppend)
        var target = [UInt8](repeating: 0, count: bodies.map(\.count).max() ?? 0)
        let copying = seconds {
            for _ in 0..<20 {
                for body in bodies { target.withUnsafeMutableBytes { target in body.withUnsafeBytes { target.copyMemory(from: $0) } } }
            }
        } / 20
        let path = folder + "-floor.sqlite"
        defer { for ending in ["", "-wal", "-shm"] { try? FileManager.default.removeItem(atPath: path + ending) } }
        var connection: OpaquePointer?
        var statement: OpaquePointer?
        defer {
            sqlite3_finalize(statement)
            sqlite3_close_v2(connection)
        }
        guard sqlite3_open(path, &connection) == SQLITE_OK,
            sqlite3_exec(connection, "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; CREATE TABLE b(id INTEGER PRIMARY KEY, data BLOB)", nil, nil, nil) == SQLITE_OK,
            sqlite3_prepare_v2(connection, "INSERT INTO b(data) VALUES(?)", -1, &statement, nil) == SQLITE_OK
        else { throw BenchmarkFailure("SQLite: \(String(cString: sqlite3_errmsg(connection)))") }
        let inserting = seconds {
            for body in bodies {
                // SQLite reads the bytes within `sqlite3_step`, while they are in place.
                body.withUnsafeBytes { bytes in
                    sqlite3_bind_blob64(statement, 1, bytes.baseAddress, UInt64(bytes.count), nil)
                    sqlite3_step(statement)
                    sqlite3_reset(statement)
                }
            }
        }
        return [
            BenchmarkRow("floor: the OTLP bytes copied", spans / copying, "spans/s", note: "memcpy, \(bodies[0].count / Self.spansPerAppend) bytes a span"),
            BenchmarkRow("floor: the OTLP bytes into one SQLite table", spans / inserting, "spans/s", note: "uncompressed, a transaction for 2,000 spans, WAL"),
        ]
    }

    // MARK: Storing

    private func fill(_ store: SQLiteTraceStore) async throws -> ([BenchmarkRow], [TraceID]) {
        var maker = SpanRequests(encoding: .protobuf, spansPerRequest: Self.spansPerAppend, attributesPerSpan: 10)
        var ids: [TraceID] = []
        var storing = 0.0
        var slowest = 0.0
        let count = spanCount / Self.spansPerAppend
        for number in 0..<count {
            var batch = maker.batch(at: began + UInt64(number) * step)
            batch.resourceSpans[0].scopeSpans[0].spans[7].attributes.append(Attribute("customer", .string("rare-\(number % Self.rareValueCount)")))
            if number % max(1, count / 300) == 0 { ids.append(batch.resourceSpans[0].scopeSpans[0].spans[number % Self.spansPerAppend].traceID) }
            let start = Self.now()
            try await store.append([batch])
            let time = Self.now() - start
            storing += time
            slowest = max(slowest, time)
        }
        let statistics = try await store.statistics()
        let bytes = Double(statistics.bytesOnDisk) / Double(statistics.spanCount)
        return (
            [
                BenchmarkRow(
                    "store: append of 2,000 spans, one caller", Double(count * Self.spansPerAppend) / storing, "spans/s",
                    note: "until durable; \(count * Self.spansPerAppend) spans, the slowest \(BenchmarkRow.text(slowest * 1000)) ms"
                ),
                .atMost(60, "store: on disk, journal included", bytes, "bytes a span", note: "\(statistics.partitionCount ?? 0) partitions"),
            ], ids
        )
    }

    // MARK: Reading

    private func reads(_ store: SQLiteTraceStore, _ ids: [TraceID]) async throws -> [BenchmarkRow] {
        let amount = "among \(BenchmarkRow.text(Double(spanCount))) spans"
        var rows: [BenchmarkRow] = []
        var times: [Double] = []
        for id in ids {
            let start = Self.now()
            guard try await store.trace(id) != nil else { throw BenchmarkFailure("a stored trace was not found") }
            times.append(Self.now() - start)
        }
        rows.append(row(10, "trace by id", times, amount))
        let searches: [(String, (Int) -> TagFilter, String)] = [
            ("common tag", { TagFilter("http.request.method", "value-\($0 % 100)") }, "1 in 100 spans"),
            ("rare tag", { TagFilter("customer", "rare-\($0 * 37 % Self.rareValueCount)") }, "in 1 of \(Self.rareValueCount) appends"),
            ("number that hardly occurs", { TagFilter("http.response.status_code", "\($0 * 1009 % 100_000)") }, "1 in 100,000 spans"),
            ("tag that does not occur", { TagFilter("customer", "nobody-\($0)") }, "nothing is found"),
        ]
        for (name, tag, note) in searches {
            times = []
            for number in 0..<40 {
                let search = TraceSearch(
                    service: ["gateway", "ranker", "embedder", "tokenizer"][number % 4], attributes: [tag(number)], minimumDuration: 1_000_000, limit: 20
                )
                let start = Self.now()
                _ = try await store.findTraces(search)
                times.append(Self.now() - start)
            }
            rows.append(row(200, "search by service, \(name) and duration", times, "\(amount); \(note)"))
        }
        rows += try await scans(store)
        times = []
        for _ in 0..<20 {
            let start = Self.now()
            _ = try await store.attributeKeys(scope: nil, startTime: 0...UInt64.max, limit: 1000)
            _ = try await store.attributeValues(AttributeKey(scope: .span, name: "http.request.method"), startTime: 0...UInt64.max, limit: 100)
            times.append(Self.now() - start)
        }
        rows.append(row(50, "completion: keys, and the values of one", times, amount))
        return rows
    }

    private func scans(_ store: SQLiteTraceStore) async throws -> [BenchmarkRow] {
        let window = began + step...began + step * UInt64(min(1_000_000, spanCount) / Self.spansPerAppend)
        var rows: [BenchmarkRow] = []
        let cases: [(String, [[SpanCondition]])] = [
            ("whole traces, ids and times only", []),
            ("whole traces with a span of a service and a name", [[.service("ranker"), .name("compute")]]),
        ]
        for (name, conditions) in cases {
            var times: [Double] = []
            var visited = 0
            for _ in 0..<3 {
                let start = Self.now()
                visited = try await store.scanTraces(SpanSelection(startTime: window, anyOf: conditions), projection: .bare, into: 0) { count, traces in
                    for trace in traces { count += trace.batch.spanCount }
                    return .more
                }
                times.append(Self.now() - start)
            }
            let note = "median of 3, \(visited) spans visited, both cores"
            rows.append(BenchmarkRow("scan of 1,000,000 spans: \(name)", times.sorted()[1], "s", note: note))
        }
        let start = Self.now()
        let count = try await store.scanSpans(SpanSelection(startTime: window), projection: .init(attributes: .named(["http.request.method"]), events: false, links: false), into: 0) { count, batch in
            count += batch.spanCount
            return .more
        }
        rows.append(BenchmarkRow("scan of 1,000,000 spans: each span with one attribute", Self.now() - start, "s", note: "\(count) spans visited"))
        return rows
    }

    // MARK: Opening and dropping

    private func opening(_ configuration: SQLiteTraceStore.Configuration) async throws -> [BenchmarkRow] {
        let start = Self.now()
        let store = try SQLiteTraceStore(directory: folder, configuration: configuration, logger: Self.quiet)
        let opened = Self.now() - start
        let size = try await store.statistics().bytesOnDisk
        await store.close()
        var smaller = configuration
        smaller.retentionSize = size / 2
        let dropping = try SQLiteTraceStore(directory: folder, configuration: smaller, logger: Self.quiet)
        var maker = SpanRequests(encoding: .protobuf, spansPerRequest: Self.spansPerAppend, attributesPerSpan: 10)
        var slowest = 0.0
        // The store looks for what to drop between commits.
        for _ in 0..<5 {
            let batch = maker.batch(at: began)
            let begin = Self.now()
            try await dropping.append([batch])
            slowest = max(slowest, Self.now() - begin)
        }
        let statistics = try await dropping.statistics()
        await dropping.close()
        return [
            BenchmarkRow("store: opening", opened * 1000, "ms", note: "\(BenchmarkRow.text(Double(spanCount))) spans"),
            BenchmarkRow(
                "store: the slowest append while half of everything is dropped", slowest * 1000, "ms",
                note: "\(statistics.droppedPartitionCount) partitions, \(statistics.droppedSpanCount) spans dropped"
            ),
        ]
    }

    // MARK: Numbers

    private func row(_ limit: Double, _ name: String, _ times: [Double], _ note: String) -> BenchmarkRow {
        let sorted = times.sorted()
        let p95 = sorted[min(sorted.count - 1, sorted.count * 95 / 100)] * 1000
        return .atMost(limit, "\(name), p95", p95, "ms", note: "p50 \(BenchmarkRow.text(sorted[sorted.count / 2] * 1000)) ms, \(sorted.count) questions \(note)")
    }

    private func seconds(_ body: () -> Void) -> Double {
        let start = Self.now()
        body()
        return Self.now() - start
    }

    private static func now() -> Double { Double(DispatchTime.now().uptimeNanoseconds) / 1e9 }

    private static let quiet = Logger(label: "bench", factory: { _ in SwiftLogNoOpLogHandler() })

    /// MiB.
    private static func peakMemory() -> Double {
        let status = (try? String(contentsOfFile: "/proc/self/status", encoding: .utf8)) ?? ""
        let line = status.split(separator: "\n").first { $0.hasPrefix("VmHWM:") } ?? ""
        return (Double(line.filter(\.isNumber)) ?? 0) / 1024
    }
}
