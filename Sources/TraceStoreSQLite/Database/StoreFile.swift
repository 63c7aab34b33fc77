#if canImport(Glibc)
internal import Glibc
#elseif canImport(Musl)
internal import Musl
#else
internal import Darwin
#endif
internal import TraceStore

/// The format of a partition on disk, and how to open it.
///
/// `operations` names each service, span name and kind once; `blocks` has the compressed spans; `summaries` says of each block what it
/// may hold and `filters` which attributes, so that reads open only blocks that can matter; `attribute_keys` and `attribute_values`
/// are for completion; `progress` says up to which block these lists go, and of the first partition that it is the `first`. Version 1 was one file without filters and attributes; it is brought to version 2 in place, by adding to it.
///
/// Why not a row for each span: with an index on the trace id and one on service and time that costs 10 µs and 560 bytes a span, and
/// slows down as the file grows. A compressed block costs 1.6 µs and 50 bytes a span (inference spans of 10 attributes, 1,000 in a
/// commit), and only ever appends; an index row for each trace would write to a random page each, which the fingerprints in the summary avoid.
///
/// Why OTLP protobuf in the blocks and not a column for each field: what a read wants of a span is found by stepping over the rest, at
/// 0.1 µs a span, and decompressing all of a block takes 0.4 µs a span; a column store would save most of the latter, and would have to put
/// spans together again from columns for everything that is shown. Filters keep the number of blocks small that are opened at all.
enum StoreFile {
    /// Marks an SQLite file as ours: "NTRC".
    static let applicationID: Int64 = 0x4e54_5243
    static let formatVersion: Int64 = 2

    private static let schema = """
        CREATE TABLE operations(id INTEGER PRIMARY KEY, service TEXT NOT NULL, name TEXT NOT NULL, kind INTEGER NOT NULL);
        CREATE TABLE summaries(
            block INTEGER PRIMARY KEY, span_count INTEGER NOT NULL, min_start INTEGER NOT NULL, max_start INTEGER NOT NULL,
            max_duration INTEGER NOT NULL, raw_size INTEGER NOT NULL, operations BLOB NOT NULL, traces BLOB NOT NULL);
        CREATE TABLE blocks(id INTEGER PRIMARY KEY, encoding INTEGER NOT NULL, data BLOB NOT NULL);
        PRAGMA application_id = \(applicationID);
        \(changesOfVersion2)
        """

    /// A block without a row in `filters` may have any attribute; statuses, kinds and durations are ``BlockSummary/Marks``.
    private static let changesOfVersion2 = """
        ALTER TABLE summaries ADD COLUMN statuses INTEGER NOT NULL DEFAULT 255;
        ALTER TABLE summaries ADD COLUMN kinds INTEGER NOT NULL DEFAULT 255;
        ALTER TABLE summaries ADD COLUMN durations INTEGER NOT NULL DEFAULT -1;
        CREATE TABLE filters(block INTEGER PRIMARY KEY, data BLOB NOT NULL);
        CREATE TABLE attribute_keys(id INTEGER PRIMARY KEY, scope TEXT NOT NULL, name TEXT NOT NULL, span_count INTEGER NOT NULL);
        CREATE TABLE attribute_values(key INTEGER NOT NULL, kind INTEGER NOT NULL, value NOT NULL, span_count INTEGER NOT NULL);
        CREATE TABLE progress(name TEXT PRIMARY KEY, number INTEGER NOT NULL);
        PRAGMA user_version = 2;
        """

    /// Opens the file for writing, and makes it when it is not there.
    ///
    /// - Throws: `.corrupt` when it is no trace file, `.newerFormat` when a newer version wrote it.
    static func openForWriting(path: String, maximumSize: Int?) throws(StoreError) -> SQLiteConnection {
        let connection = try SQLiteConnection(path: path, readOnly: false)
        // Fails here when the file is no SQLite file at all.
        let tables = try connection.number("SELECT count(*) FROM sqlite_schema")
        let application = try connection.number("PRAGMA application_id")
        let version = try connection.number("PRAGMA user_version")
        if tables > 0 || application != 0 { try check(application: application, version: version, path: path) }
        try connection.execute("PRAGMA journal_mode = WAL")
        // In WAL mode, NORMAL keeps every commit when the process dies, also by kill -9; a power failure may take the newest ones.
        try connection.execute("PRAGMA synchronous = NORMAL")
        // The writer moves the journal into the file itself, when no commit waits.
        try connection.execute("PRAGMA wal_autocheckpoint = 0")
        try connection.execute("PRAGMA journal_size_limit = 67108864")
        try connection.execute("PRAGMA cache_size = -8192")
        if let maximumSize {
            let pageSize = try connection.number("PRAGMA page_size")
            _ = try connection.number("PRAGMA max_page_count = \(max(16, Int64(maximumSize) / max(1, pageSize)))")
        }
        if tables == 0 {
            try connection.execute("BEGIN IMMEDIATE; \(schema) COMMIT")
        } else if version == 1 {
            try connection.execute("BEGIN IMMEDIATE; \(changesOfVersion2) COMMIT")
        }
        return connection
    }

    private static func check(application: Int64, version: Int64, path: String) throws(StoreError) {
        guard application == applicationID else {
            throw StoreError(
                code: .corrupt,
                message: "'\(path)' is an SQLite file of another program (application id \(application), expected \(applicationID)); choose another data directory"
            )
        }
        guard version <= formatVersion else {
            throw StoreError(
                code: .newerFormat,
                message: "'\(path)' has format version \(version), and this program reads up to \(formatVersion); use a newer program, or another data directory"
            )
        }
        guard version >= 1 else {
            throw StoreError(code: .corrupt, message: "'\(path)' has the unknown format version \(version); move it away to start a new one")
        }
    }

    /// Opens the file for reading; it must be there.
    static func openForReading(path: String) throws(StoreError) -> SQLiteConnection {
        let connection = try SQLiteConnection(path: path, readOnly: true)
        try connection.execute("PRAGMA cache_size = -1024")
        return connection
    }

    /// When the file was last written to, nanoseconds since the Unix epoch; `nil` when it is not there.
    static func changeTime(path: String) -> UInt64? {
        var status = stat()
        guard stat(path, &status) == 0 else { return nil }
        #if os(Linux)
        let seconds = status.st_mtim.tv_sec
        #else
        let seconds = status.st_mtimespec.tv_sec
        #endif
        return UInt64(clamping: seconds) &* 1_000_000_000
    }

    /// Bytes of the file and its journal.
    static func sizeOnDisk(path: String) -> Int { size(path: path) + journalSize(path: path) }

    /// Bytes of the journal: what was committed and is not yet in the file.
    static func journalSize(path: String) -> Int { size(path: path + "-wal") }

    private static func size(path: String) -> Int {
        var status = stat()
        return stat(path, &status) == 0 ? Int(status.st_size) : 0
    }
}
