internal import TraceModel
internal import TraceStore

/// Gathers what attributes a block has: hashes for its filter, and keys with their most usual values.
///
/// Looks at every attribute of every span on the way in, so the usual case is quick: neighbouring spans have the same keys in the same
/// places, and most values were seen before.
struct AttributeCollector: ~Copyable {
    /// Different values of a key whose numbers are counted in one block.
    static let maximumValueCount = 64
    /// Longer text is found, but not listed as a value.
    static let maximumTextLength = 256

    private struct Slot {
        var key: AttributeKey
        var hash: UInt64
        var count = 0
        var values: [Int] = []
    }

    private struct Entry {
        var hash: UInt64
        /// In `values`; -1 for a value that is not counted.
        var value: Int
    }

    private var slots: [Slot] = []
    private var places: [AttributeKey: Int] = [:]
    /// The slots of the last span's attributes, by position.
    private var last: [(name: String, slot: Int)] = []
    private var values: [(value: AttributeValue, count: Int)] = []
    /// Hashes of pairs; some may be there twice.
    private var hashes: [UInt64] = []
    // Unsafe: allocated here with `mask + 1` entries, freed in deinit; every index is masked. A hash of 0 is an empty entry.
    private let table: UnsafeMutablePointer<Entry>
    private let mask: Int

    /// - Parameter spanCount: about how many spans will come.
    init(spanCount: Int) {
        var size = 1024
        while size < spanCount * 4, size < 16_384 { size *= 2 }
        mask = size - 1
        table = .allocate(capacity: size)
        table.initialize(repeating: Entry(hash: 0, value: -1), count: size)
    }

    deinit {
        table.deallocate()
    }

    mutating func add(_ group: ResourceSpans) {
        let spanCount = group.scopeSpans.reduce(0) { $0 + $1.spans.count }
        for attribute in group.resource.attributes { add(attribute, .resource, spanCount) }
        for scopeSpans in group.scopeSpans {
            for attribute in scopeSpans.scope.attributes { add(attribute, .instrumentation, scopeSpans.spans.count) }
            for span in scopeSpans.spans {
                for index in span.attributes.indices { add(span.attributes[index], at: index) }
                for event in span.events {
                    for attribute in event.attributes { add(attribute, .event, 1) }
                }
                for link in span.links {
                    for attribute in link.attributes { add(attribute, .link, 1) }
                }
            }
        }
    }

    /// A span's own attribute.
    private mutating func add(_ attribute: Attribute, at index: Int) {
        if index < last.count, last[index].name == attribute.key {
            count(attribute.value, last[index].slot, 1)
            return
        }
        let slot = slot(AttributeKey(scope: .span, name: attribute.key))
        if index < last.count { last[index] = (attribute.key, slot) } else if index == last.count, index < 128 { last.append((attribute.key, slot)) }
        count(attribute.value, slot, 1)
    }

    private mutating func add(_ attribute: Attribute, _ scope: AttributeScope, _ weight: Int) {
        count(attribute.value, slot(AttributeKey(scope: scope, name: attribute.key)), weight)
    }

    private mutating func slot(_ key: AttributeKey) -> Int {
        if let place = places[key] { return place }
        places[key] = slots.count
        slots.append(Slot(key: key, hash: AttributeHash.name(key.name)))
        return slots.count - 1
    }

    private mutating func count(_ value: AttributeValue, _ slot: Int, _ weight: Int) {
        slots[slot].count += weight
        let pair = AttributeHash.pair(slots[slot].hash, value)
        // The filter does not tell scopes apart, the numbers do.
        let hash = pair ^ UInt64(truncatingIfNeeded: slot + 1) &* 0x9e37_79b9_7f4a_7c15 | 1
        var index = Int(truncatingIfNeeded: hash >> 1) & mask
        for _ in 0..<16 {
            let entry = table[index]
            if entry.hash == hash {
                if entry.value >= 0 { values[entry.value].count += weight }
                return
            }
            if entry.hash == 0 {
                hashes.append(pair)
                var place = -1
                if slots[slot].values.count < Self.maximumValueCount, value.isListed {
                    place = values.count
                    values.append((value, weight))
                    slots[slot].values.append(place)
                }
                table[index] = Entry(hash: hash, value: place)
                return
            }
            index = (index + 1) & mask
        }
        hashes.append(pair)
    }

    /// The filter's bytes.
    func filter() -> [UInt8] {
        var all = hashes
        for slot in slots { all.append(AttributeHash.exists(slot.hash)) }
        all.sort()
        var unique: [UInt64] = []
        unique.reserveCapacity(all.count)
        for hash in all where hash != unique.last { unique.append(hash) }
        return XorFilter.bytes(of: unique)
    }

    func summaries() -> [AttributeSummary] {
        slots.map { slot in AttributeSummary(key: slot.key, count: slot.count, values: slot.values.map { values[$0] }) }
    }
}

/// A key, how many spans have it, and its most usual values.
struct AttributeSummary: Sendable {
    var key: AttributeKey
    var count: Int
    var values: [(value: AttributeValue, count: Int)]
}

extension AttributeValue {
    /// Whether it is offered as a value to choose: short text, numbers, true and false.
    fileprivate var isListed: Bool {
        switch self {
        case .string(let text): text.utf8.count <= AttributeCollector.maximumTextLength
        case .bool, .int, .double: true
        case .bytes, .array, .keyValueList, .empty: false
        }
    }
}
