internal import CSQLite
internal import TraceStore

/// One connection to an SQLite file.
///
/// Not safe for use by two threads at once: its owner runs one job at a time on it.
final class SQLiteConnection: @unchecked Sendable {
    // Sendable: handed from job to job of one serial owner (StoreWriter, ReaderPool), never used by two at once.
    let path: String
    private var handle: OpaquePointer?

    init(path: String, readOnly: Bool) throws(StoreError) {
        self.path = path
        let flags = (readOnly ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE) | SQLITE_OPEN_NOMUTEX
        let status = sqlite3_open_v2(path, &handle, flags, nil)
        guard status == SQLITE_OK else {
            let failure = error(status, "open")
            close()
            throw failure
        }
        sqlite3_extended_result_codes(handle, 1)
        sqlite3_busy_timeout(handle, 5000)
    }

    deinit {
        close()
    }

    /// Closes the file; only `close()` may follow.
    func close() {
        sqlite3_close_v2(handle)
        handle = nil
    }

    /// Leaves the journal's files where they are when this is the last connection that closes.
    ///
    /// A reader that opens the file at just that moment would fail; the next start clears them away.
    func keepJournalFiles() {
        var on: Int32 = 1
        sqlite3_file_control(handle, "main", SQLITE_FCNTL_PERSIST_WAL, &on)
    }

    /// Runs statements that give no rows.
    func execute(_ sql: String) throws(StoreError) {
        let status = sqlite3_exec(handle, sql, nil, nil, nil)
        guard status == SQLITE_OK else { throw error(status, "run '\(sql.prefix(60))' on") }
    }

    /// Prepares one statement.
    func prepare(_ sql: String) throws(StoreError) -> SQLiteStatement {
        guard let handle else { throw .closed }
        var statement: OpaquePointer?
        let status = sqlite3_prepare_v2(handle, sql, -1, &statement, nil)
        guard status == SQLITE_OK, let statement else { throw error(status, "read") }
        return SQLiteStatement(statement, connection: self)
    }

    /// The first column of the first row as a number; 0 without a row.
    func number(_ sql: String) throws(StoreError) -> Int64 {
        let statement = try prepare(sql)
        return try statement.step() ? statement.int64(0) : 0
    }

    /// Moves committed pages from the journal into the file.
    func checkpoint(_ mode: Int32) {
        // Nothing is lost when this cannot be done now: the journal is read as part of the file, and a later call goes on.
        sqlite3_wal_checkpoint_v2(handle, nil, mode, nil, nil)
    }

    /// The error for a status: what went wrong, where, and what to do.
    func error(_ status: Int32, _ doing: String) -> StoreError {
        let reason = handle.flatMap { sqlite3_errmsg($0) }.map { String(cString: $0) } ?? String(cString: sqlite3_errstr(status))
        let systemError = handle.map { sqlite3_system_errno($0) } ?? 0
        let what = "could not \(doing) the trace file '\(path)': \(reason)"
        switch status & 0xff {
        case SQLITE_FULL:
            return StoreError(code: .diskFull, message: "\(what); free some space, or raise the limit of the file's size")
        case SQLITE_IOERR where systemError == noSpaceLeft:
            return StoreError(code: .diskFull, message: "\(what); no space is left on the device: free some space")
        case SQLITE_CORRUPT, SQLITE_NOTADB:
            return StoreError(code: .corrupt, message: "\(what); move it away to start a new one, or restore it from a backup")
        case SQLITE_CANTOPEN, SQLITE_READONLY, SQLITE_PERM, SQLITE_AUTH:
            return StoreError(code: .io, message: "\(what); check that the folder exists and may be written by this user")
        default:
            return StoreError(code: .io, message: "\(what) (SQLite status \(status), system error \(systemError))")
        }
    }
}

/// `ENOSPC` on Linux and macOS.
private let noSpaceLeft: Int32 = 28

/// How to move the journal into the file.
enum CheckpointMode {
    /// As much as possible without waiting.
    static let passive = SQLITE_CHECKPOINT_PASSIVE
    /// All of it, waiting for readers, so that the journal starts again at its beginning.
    static let restart = SQLITE_CHECKPOINT_RESTART
    /// The same, and the journal becomes empty.
    static let truncate = SQLITE_CHECKPOINT_TRUNCATE
}
