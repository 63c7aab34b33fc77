internal import TraceModel
internal import TraceStore

/// The keys of a partition with their most usual values, for completion. Bounded: what is beyond is found, but not listed.
struct AttributeDictionary: Sendable {
    static let maximumKeyCount = 4000
    /// Values of one key; twice as many while they are gathered.
    static let maximumValueCount = 200

    struct Entry: Sendable {
        var count = 0
        var values: [AttributeValue: Int] = [:]
    }

    private(set) var entries: [AttributeKey: Entry] = [:]
    /// Changed since it was written.
    private(set) var isChanged = false

    mutating func add(_ summaries: [AttributeSummary]) {
        for summary in summaries {
            guard entries[summary.key] != nil || entries.count < Self.maximumKeyCount else { continue }
            isChanged = true
            var entry = entries.removeValue(forKey: summary.key) ?? Entry()
            entry.count &+= summary.count
            for (value, count) in summary.values { entry.values[value, default: 0] &+= count }
            if entry.values.count > 2 * Self.maximumValueCount {
                let kept = entry.values.sorted { $0.value > $1.value }.prefix(Self.maximumValueCount)
                entry.values = Dictionary(uniqueKeysWithValues: kept.map { ($0.key, $0.value) })
            }
            entries[summary.key] = entry
        }
    }

    // MARK: On disk

    static func load(_ connection: SQLiteConnection) throws(StoreError) -> AttributeDictionary {
        var dictionary = AttributeDictionary()
        var keys: [Int64: AttributeKey] = [:]
        let keyRows = try connection.prepare("SELECT id, scope, name, span_count FROM attribute_keys")
        while try keyRows.step() {
            guard let scope = AttributeScope(rawValue: keyRows.text(1)) else { continue }
            let key = AttributeKey(scope: scope, name: keyRows.text(2))
            keys[keyRows.int64(0)] = key
            dictionary.entries[key] = Entry(count: Int(keyRows.int64(3)))
        }
        let valueRows = try connection.prepare("SELECT key, kind, value, span_count FROM attribute_values")
        while try valueRows.step() {
            guard let key = keys[valueRows.int64(0)] else { continue }
            let value: AttributeValue =
                switch valueRows.int64(1) {
                case 0: .string(valueRows.text(2))
                case 1: .bool(valueRows.int64(2) != 0)
                case 2: .int(valueRows.int64(2))
                default: .double(Double(bitPattern: valueRows.uint64(2)))
                }
            dictionary.entries[key]?.values[value] = Int(valueRows.int64(3))
        }
        return dictionary
    }

    /// Writes all of it, within a transaction of the caller's.
    func write(_ connection: SQLiteConnection) throws(StoreError) {
        try connection.execute("DELETE FROM attribute_values; DELETE FROM attribute_keys")
        let insertKey = try connection.prepare("INSERT INTO attribute_keys(id, scope, name, span_count) VALUES(?, ?, ?, ?)")
        let insertValue = try connection.prepare("INSERT INTO attribute_values(key, kind, value, span_count) VALUES(?, ?, ?, ?)")
        for (number, (key, entry)) in entries.enumerated() {
            insertKey.bind(1, Int64(number))
            insertKey.bind(2, key.scope?.rawValue ?? "")
            insertKey.bind(3, key.name)
            insertKey.bind(4, Int64(entry.count))
            try insertKey.run()
            for (value, count) in entry.values.sorted(by: { $0.value > $1.value }).prefix(Self.maximumValueCount) {
                insertValue.bind(1, Int64(number))
                switch value {
                case .string(let text):
                    insertValue.bind(2, Int64(0))
                    insertValue.bind(3, text)
                case .bool(let flag):
                    insertValue.bind(2, Int64(1))
                    insertValue.bind(3, Int64(flag ? 1 : 0))
                case .int(let number):
                    insertValue.bind(2, Int64(2))
                    insertValue.bind(3, number)
                case .double(let number):
                    insertValue.bind(2, Int64(3))
                    insertValue.bind(3, number.bitPattern)
                case .bytes, .array, .keyValueList, .empty: continue
                }
                insertValue.bind(4, Int64(count))
                try insertValue.run()
            }
        }
    }

    mutating func wasWritten() { isChanged = false }
}
