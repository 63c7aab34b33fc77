internal import TraceStore

/// A read-only connection to one partition, with its statements; used by one thread at a time.
final class PartitionReader {
    let connection: SQLiteConnection
    private let selectBlock: SQLiteStatement
    private let selectFilter: SQLiteStatement

    init(_ partition: Partition) throws(StoreError) {
        connection = try StoreFile.openForReading(path: partition.path)
        selectBlock = try connection.prepare("SELECT data FROM blocks WHERE id = ?")
        selectFilter = try connection.prepare("SELECT data FROM filters WHERE block = ?")
    }

    /// A block as it is stored; `nil` when it is missing.
    func block(_ number: Int64) throws(StoreError) -> [UInt8]? { try bytes(selectBlock, number) }

    /// A block's filter; `nil` when it has none.
    func filter(_ number: Int64) throws(StoreError) -> [UInt8]? { try bytes(selectFilter, number) }

    private func bytes(_ statement: SQLiteStatement, _ number: Int64) throws(StoreError) -> [UInt8]? {
        statement.bind(1, number)
        defer { statement.reset() }
        return try statement.step() ? statement.bytes(0) : nil
    }
}

/// The open partitions of one thread, the ones used last: so the number of open files is bounded, however many partitions there are.
final class OpenPartitions: @unchecked Sendable {
    // Sendable: owned by one reader, which runs one job at a time.
    /// Each open partition takes three files at most.
    static let maximumCount = 12

    /// The one used last at the end.
    private var readers: [(number: Int, reader: PartitionReader)] = []

    func reader(of partition: Partition) throws(StoreError) -> PartitionReader {
        if let index = readers.firstIndex(where: { $0.number == partition.number }) {
            let reader = readers.remove(at: index)
            readers.append(reader)
            return reader.reader
        }
        let reader = try PartitionReader(partition)
        if readers.count >= Self.maximumCount { readers.removeFirst() }
        readers.append((partition.number, reader))
        return reader
    }

    /// Closes all but these.
    func close(keeping numbers: Set<Int> = []) {
        readers.removeAll { !numbers.contains($0.number) }
    }
}
