internal import CSQLite
internal import Compression
internal import NeedletailTracing
internal import TraceModel
internal import TraceWire

/// A file of span batches that survive the end of the program: what an exporter still has to send, what tail sampling has not decided.
///
/// An SQLite database in WAL mode: an entry that `insert` returned for is there after `kill -9`. One process has it open at a time.
/// Every call may block, and is made by one thread at a time.
final class SpanLog: @unchecked Sendable {
    // Sendable: handed from job to job of one serial queue (DurableSpans), never used by two at once.

    /// Why the file cannot be used; for people.
    struct Failure: Error, CustomStringConvertible {
        var description: String
    }

    /// An entry without its spans.
    struct Entry: Sendable, Equatable {
        var id: Int64
        var spanCount: Int
        /// Bytes of the spans as they are kept.
        var size: Int
    }

    /// Which of our formats the file has; one that is newer is refused.
    static let formatVersion: Int64 = 1
    /// "Ndlq" as a number: what tells the file from other databases.
    private static let applicationID: Int64 = 0x4e64_6c71

    let path: String
    private var handle: OpaquePointer?
    private var insertion: OpaquePointer?
    private var removal: OpaquePointer?
    private var selection: OpaquePointer?

    /// Opens or makes the file.
    ///
    /// - Throws: ``Failure`` for a file of another program or a newer version, one in use, or a folder that may not be written.
    init(path: String) throws(Failure) {
        self.path = path
        do throws(Failure) {
            let status = sqlite3_open_v2(path, &handle, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX, nil)
            guard status == SQLITE_OK else { throw failure(status, "open") }
            sqlite3_busy_timeout(handle, 2000)
            try execute("PRAGMA locking_mode = EXCLUSIVE")
            try execute("PRAGMA journal_mode = WAL")
            try execute("PRAGMA synchronous = NORMAL")
            try checkFormat()
            insertion = try prepare("INSERT INTO entries (spans, body) VALUES (?, ?)")
            removal = try prepare("DELETE FROM entries WHERE id = ?")
            selection = try prepare("SELECT body FROM entries WHERE id = ?")
        } catch {
            close()
            throw error
        }
    }

    deinit { close() }

    private func close() {
        for statement in [insertion, removal, selection] { sqlite3_finalize(statement) }
        (insertion, removal, selection) = (nil, nil, nil)
        sqlite3_close_v2(handle)
        handle = nil
    }

    private func checkFormat() throws(Failure) {
        let version = try number("PRAGMA user_version")
        let application = try number("PRAGMA application_id")
        if version == 0, application == 0, try number("SELECT count(*) FROM sqlite_master") == 0 {
            try execute(
                """
                BEGIN IMMEDIATE;
                CREATE TABLE entries (id INTEGER PRIMARY KEY AUTOINCREMENT, spans INTEGER NOT NULL, body BLOB NOT NULL);
                PRAGMA application_id = \(Self.applicationID);
                PRAGMA user_version = \(Self.formatVersion);
                COMMIT
                """
            )
            return
        }
        guard application == Self.applicationID else {
            throw Failure(description: "\(path) is the database of another program; name another folder, or move it away")
        }
        guard version <= Self.formatVersion else {
            throw Failure(description: "\(path) has format \(version), this program knows up to \(Self.formatVersion); use the newer program, or move it away")
        }
    }

    // MARK: Entries

    /// Everything that is there, the oldest first.
    func entries() throws(Failure) -> [Entry] {
        let statement = try prepare("SELECT id, spans, length(body) FROM entries ORDER BY id")
        defer { sqlite3_finalize(statement) }
        var entries: [Entry] = []
        while try step(statement) {
            entries.append(
                Entry(
                    id: sqlite3_column_int64(statement, 0), spanCount: Int(clamping: sqlite3_column_int64(statement, 1)),
                    size: Int(clamping: sqlite3_column_int64(statement, 2))
                )
            )
        }
        return entries
    }

    /// Keeps batches, all or none, and returns their entries.
    func insert(_ batches: [(body: [UInt8], spanCount: Int)]) throws(Failure) -> [Entry] {
        try execute("BEGIN IMMEDIATE")
        do throws(Failure) {
            var entries: [Entry] = []
            for batch in batches {
                sqlite3_reset(insertion)
                sqlite3_bind_int64(insertion, 1, Int64(batch.spanCount))
                batch.body.withUnsafeBytes { _ = sqlite3_bind_blob64(insertion, 2, $0.baseAddress, UInt64($0.count), copied) }
                _ = try step(insertion)
                entries.append(Entry(id: sqlite3_last_insert_rowid(handle), spanCount: batch.spanCount, size: batch.body.count))
            }
            sqlite3_reset(insertion)
            try execute("COMMIT")
            return entries
        } catch {
            sqlite3_reset(insertion)
            // Fails only when the failure before has rolled back already.
            try? execute("ROLLBACK")
            throw error
        }
    }

    /// The bytes of an entry; `nil` when it is not there.
    func body(of id: Int64) throws(Failure) -> [UInt8]? {
        sqlite3_reset(selection)
        defer { sqlite3_reset(selection) }
        sqlite3_bind_int64(selection, 1, id)
        guard try step(selection) else { return nil }
        guard let bytes = sqlite3_column_blob(selection, 0) else { return [] }
        return [UInt8](UnsafeRawBufferPointer(start: bytes, count: Int(sqlite3_column_bytes(selection, 0))))
    }

    /// Forgets entries.
    func remove(_ ids: [Int64]) throws(Failure) {
        guard !ids.isEmpty else { return }
        try execute("BEGIN IMMEDIATE")
        do throws(Failure) {
            for id in ids {
                sqlite3_reset(removal)
                sqlite3_bind_int64(removal, 1, id)
                _ = try step(removal)
            }
            sqlite3_reset(removal)
            try execute("COMMIT")
        } catch {
            sqlite3_reset(removal)
            // Fails only when the failure before has rolled back already.
            try? execute("ROLLBACK")
            throw error
        }
    }

    // MARK: SQLite

    private func execute(_ sql: String) throws(Failure) {
        let status = sqlite3_exec(handle, sql, nil, nil, nil)
        guard status == SQLITE_OK else { throw failure(status, "write") }
    }

    private func prepare(_ sql: String) throws(Failure) -> OpaquePointer? {
        var statement: OpaquePointer?
        let status = sqlite3_prepare_v2(handle, sql, -1, &statement, nil)
        guard status == SQLITE_OK else { throw failure(status, "read") }
        return statement
    }

    private func step(_ statement: OpaquePointer?) throws(Failure) -> Bool {
        let status = sqlite3_step(statement)
        switch status {
        case SQLITE_ROW: return true
        case SQLITE_DONE: return false
        default: throw failure(status, "use")
        }
    }

    private func number(_ sql: String) throws(Failure) -> Int64 {
        let statement = try prepare(sql)
        defer { sqlite3_finalize(statement) }
        return try step(statement) ? sqlite3_column_int64(statement, 0) : 0
    }

    private func failure(_ status: Int32, _ doing: String) -> Failure {
        let reason = handle.flatMap { sqlite3_errmsg($0) }.map { String(cString: $0) } ?? String(cString: sqlite3_errstr(status))
        let advice =
            switch status & 0xff {
            case SQLITE_FULL: "; free some space"
            case SQLITE_CORRUPT, SQLITE_NOTADB: "; move it away to start a new one"
            case SQLITE_CANTOPEN, SQLITE_READONLY, SQLITE_PERM: "; the folder must exist and be writable for this user"
            case SQLITE_BUSY, SQLITE_LOCKED: "; another process uses it"
            default: ""
            }
        return Failure(description: "could not \(doing) \(path): \(reason)\(advice)")
    }
}

/// `SQLITE_TRANSIENT`, a macro that Swift cannot read: SQLite copies the bytes before the call returns.
nonisolated(unsafe) private let copied = unsafeBitCast(-1, to: sqlite3_destructor_type.self)
// Unsafe: SQLite reserves this value; it is compared, never called.

/// A ``SpanLog`` on a thread of its own, which may block.
struct DurableSpans: Sendable {
    private let log: SpanLog
    private let queue: BlockingQueue

    /// - Throws: ``SpanLog/Failure``.
    init(path: String) throws(SpanLog.Failure) {
        log = try SpanLog(path: path)
        queue = BlockingQueue(label: "needletail.spans-on-disk")
    }

    var path: String { log.path }

    /// Everything that is there, for the start.
    func entries() throws(SpanLog.Failure) -> [SpanLog.Entry] { try log.entries() }

    /// Keeps batches; they are durable when this returns.
    func insert(_ batches: [SpanBatch]) async throws -> [SpanLog.Entry] {
        let bodies = batches.map { (body: Zstd.compress(OTLPProtobuf.encode($0)), spanCount: $0.spanCount) }
        return try await queue.run { [log] in try log.insert(bodies) }
    }

    /// One batch; `nil` when it is not there.
    func batch(of id: Int64) async throws -> SpanBatch? {
        guard let body = try await queue.run({ [log] in try log.body(of: id) }) else { return nil }
        return try OTLPProtobuf.decode(Zstd.decompress(body, maximumSize: Self.maximumSize), maximumElements: .max).batch
    }

    func remove(_ ids: [Int64]) async throws {
        try await queue.run { [log] in try log.remove(ids) }
    }

    /// Bytes of one batch after decompression: far above what a request may have.
    private static let maximumSize = 1 << 30
}
