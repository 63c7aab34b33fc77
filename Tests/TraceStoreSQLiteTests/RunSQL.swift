import CSQLite
import Testing

/// Runs a statement on a file without the store, as a person with the sqlite3 program would.
///
/// - Returns: the first column of the first row as a number; 0 without a row.
func runSQL(_ sql: String, path: String) throws -> Int {
    var connection: OpaquePointer?
    var statement: OpaquePointer?
    defer {
        sqlite3_finalize(statement)
        sqlite3_close(connection)
    }
    try #require(sqlite3_open(path, &connection) == SQLITE_OK)
    try #require(sqlite3_prepare_v2(connection, sql, -1, &statement, nil) == SQLITE_OK)
    let status = sqlite3_step(statement)
    try #require(status == SQLITE_ROW || status == SQLITE_DONE)
    return status == SQLITE_ROW ? Int(sqlite3_column_int64(statement, 0)) : 0
}
