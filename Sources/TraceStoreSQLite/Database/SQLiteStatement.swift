internal import CSQLite
internal import TraceStore

/// A prepared statement of one connection.
final class SQLiteStatement {
    private let statement: OpaquePointer
    private let connection: SQLiteConnection

    init(_ statement: OpaquePointer, connection: SQLiteConnection) {
        self.statement = statement
        self.connection = connection
    }

    deinit {
        sqlite3_finalize(statement)
    }

    /// Moves to the next row.
    ///
    /// - Returns: `false` when there is none.
    func step() throws(StoreError) -> Bool {
        let status = sqlite3_step(statement)
        switch status {
        case SQLITE_ROW: return true
        case SQLITE_DONE: return false
        default: throw connection.error(status, sqlite3_stmt_readonly(statement) != 0 ? "read" : "write to")
        }
    }

    /// Runs the statement with the values bound, and makes it ready for the next.
    func run() throws(StoreError) {
        defer { reset() }
        while try step() {}
    }

    /// Makes the statement ready to run again.
    func reset() {
        sqlite3_reset(statement)
        sqlite3_clear_bindings(statement)
    }

    /// Binds to a parameter; the first is 1.
    func bind(_ index: Int32, _ value: Int64) { sqlite3_bind_int64(statement, index, value) }

    /// Binds the same 64 bits.
    func bind(_ index: Int32, _ value: UInt64) { bind(index, Int64(bitPattern: value)) }

    func bind(_ index: Int32, _ text: String) {
        var text = text
        text.withUTF8 { _ = sqlite3_bind_text64(statement, index, $0.baseAddress, UInt64($0.count), copied, UInt8(SQLITE_UTF8)) }
    }

    func bind(_ index: Int32, _ bytes: [UInt8]) {
        guard !bytes.isEmpty else { sqlite3_bind_zeroblob(statement, index, 0); return }
        bytes.withUnsafeBytes { _ = sqlite3_bind_blob64(statement, index, $0.baseAddress, UInt64($0.count), copied) }
    }

    /// A column of the current row; the first is 0.
    func int64(_ column: Int32) -> Int64 { sqlite3_column_int64(statement, column) }

    func uint64(_ column: Int32) -> UInt64 { UInt64(bitPattern: int64(column)) }

    func text(_ column: Int32) -> String {
        guard let text = sqlite3_column_text(statement, column) else { return "" }
        return String(decoding: UnsafeBufferPointer(start: text, count: Int(sqlite3_column_bytes(statement, column))), as: UTF8.self)
    }

    func bytes(_ column: Int32) -> [UInt8] {
        guard let blob = sqlite3_column_blob(statement, column) else { return [] }
        return [UInt8](UnsafeRawBufferPointer(start: blob, count: Int(sqlite3_column_bytes(statement, column))))
    }
}

/// `SQLITE_TRANSIENT`, a macro that Swift cannot read: SQLite copies the bytes before the call returns.
nonisolated(unsafe) private let copied = unsafeBitCast(-1, to: sqlite3_destructor_type.self)
// Unsafe: SQLite reserves this value; it is compared, never called.
