internal import TraceModel
internal import TraceStore

extension Partition {
    /// Reads what is always in memory.
    static func facts(_ connection: SQLiteConnection, maximumOperationCount: Int) throws(StoreError) -> PartitionFacts {
        var facts = PartitionFacts(operations: OperationTable(maximumCount: maximumOperationCount))
        let operations = try connection.prepare("SELECT id, service, name, kind FROM operations ORDER BY id")
        while try operations.step() {
            let kind = operations.int64(3)
            let key = OperationKey(
                service: operations.text(1), name: operations.text(2),
                kind: kind == OperationKey.otherKind ? nil : SpanKind(rawValue: UInt8(clamping: kind)) ?? .unspecified
            )
            facts.operations.insert(key, id: UInt32(clamping: operations.int64(0)))
        }
        // Without the columns at the end of a row, whose pages are not read then.
        let summaries = try connection.prepare("SELECT span_count, min_start, max_start FROM summaries")
        while try summaries.step() {
            facts.spanCount += Int(summaries.int64(0))
            facts.minimumStart = min(facts.minimumStart, summaries.uint64(1))
            facts.maximumStart = max(facts.maximumStart, summaries.uint64(2))
        }
        return facts
    }

    /// Reads the summaries of all blocks, and the lists of attributes.
    func contents(_ connection: SQLiteConnection) throws(StoreError) -> PartitionContents {
        var contents = PartitionContents(attributes: try AttributeDictionary.load(connection))
        let rows = try connection.prepare(
            """
            SELECT block, span_count, min_start, max_start, max_duration, raw_size, statuses, kinds, durations, operations, traces
            FROM summaries ORDER BY block
            """
        )
        while try rows.step() {
            let marks = BlockSummary.Marks(
                statuses: UInt8(clamping: rows.int64(6)), kinds: UInt8(clamping: rows.int64(7)), durations: rows.uint64(8)
            )
            contents.blocks.append(
                BlockSummary(
                    id: BlockID(partition: number, number: rows.int64(0)), spanCount: Int(rows.int64(1)), minimumStart: rows.uint64(2),
                    maximumStart: rows.uint64(3), maximumDuration: rows.uint64(4), rawSize: Int(rows.int64(5)), marks: marks,
                    operations: NumberList.numbers(rows.bytes(9)), traces: NumberList.numbers(rows.bytes(10))
                )
            )
        }
        return contents
    }
}
