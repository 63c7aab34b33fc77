internal import TraceModel
internal import TraceStore

/// Gathers what attributes a block has, from the block's bytes: hashes for its filter, and keys with their most usual values.
///
/// Looks at every attribute on the way in, so the usual case is quick: an attribute whose bytes came before, key and value together,
/// is only counted. What it is, is found out once.
struct AttributeCollector: ~Copyable {
    /// Different values of a key whose numbers are kept of one block.
    static let maximumValueCount = 64
    /// Of a key with more values than that, those which came once only: as examples.
    static let exampleCount = 8
    /// Longer text is found, but not listed as a value.
    static let maximumTextLength = 256

    private struct Pair {
        var key: Int
        var isListed: Bool
        var count: Int
    }

    private struct Key {
        var scope: AttributeScope
        var hash: UInt64
    }

    // Unsafe: the owner keeps the block's bytes in place for the life of the collector; all ranges come from walking them.
    private let buffer: UnsafeRawBufferPointer
    /// `KeyValue` messages by number, tagged with their scope.
    private var pairTable: RangeTable
    private var pairs: [Pair] = []
    /// Names of keys by number, tagged with their scope.
    private var keyTable: RangeTable
    private var keys: [Key] = []
    private var names: Set<UInt64> = []
    /// Hashes of pairs, each once unless a key is there in several scopes.
    private var hashes: [UInt64] = []
    /// Hashes of pairs that may stand for several values.
    private var sharedHashes: Set<UInt64> = []
    private var hasSharedNames = false

    /// - Parameter spanCount: about how many spans the block has.
    init(_ buffer: UnsafeRawBufferPointer, spanCount: Int) {
        self.buffer = buffer
        pairTable = RangeTable(buffer, capacity: spanCount * 2)
        keyTable = RangeTable(buffer, capacity: 32)
    }

    /// Adds an attribute of so many spans.
    ///
    /// - Parameter range: its `KeyValue` message.
    @inline(__always)
    mutating func add(_ range: Range<Int>, _ scope: AttributeScope, _ weight: Int = 1) {
        let number = pairTable.number(of: range, tag: scope.tag)
        if number < pairs.count { pairs[number].count &+= weight } else { insert(range, scope, weight) }
    }

    /// `message KeyValue { string key = 1; AnyValue value = 2; }`
    private mutating func insert(_ range: Range<Int>, _ scope: AttributeScope, _ weight: Int) {
        var fields = ProtobufFields(buffer, range)
        var name = range.lowerBound..<range.lowerBound
        var value = BlockAttributeValue.other
        while let field = fields.next() {
            if field.number == 1, field.isBytes { name = field.value }
            if field.number == 2, field.isBytes { value = BlockAttributeValue(buffer, field.value) }
        }
        let key = keyTable.number(of: name, tag: scope.tag)
        if key == keys.count {
            keys.append(Key(scope: scope, hash: AttributeHash.name(UnsafeRawBufferPointer(rebasing: buffer[name]))))
            if !names.insert(keys[key].hash).inserted { hasSharedNames = true }
        }
        pairs.append(Pair(key: key, isListed: value.isListed, count: weight))
        let (hash, isShared) = AttributeHash.pair(keys[key].hash, value, in: buffer)
        if isShared { sharedHashes.insert(hash) } else { hashes.append(hash) }
    }

    /// The filter's bytes.
    func filter() -> [UInt8] {
        var all = hashes
        all.append(contentsOf: sharedHashes)
        for name in names { all.append(AttributeHash.exists(name)) }
        // The filter does not tell scopes apart.
        if hasSharedNames { all.sortAndUnique() }
        return XorFilter.bytes(of: all)
    }

    func summaries() -> [AttributeSummary] {
        var valueCounts = [Int](repeating: 0, count: keys.count)
        var summaries = keys.indices.map { number in
            let name = String(decoding: buffer[keyTable.range(number)], as: UTF8.self)
            return AttributeSummary(key: AttributeKey(scope: keys[number].scope, name: name), count: 0, values: [])
        }
        for pair in pairs {
            summaries[pair.key].count &+= pair.count
            if pair.isListed { valueCounts[pair.key] += 1 }
        }
        for (number, pair) in pairs.enumerated() where pair.isListed {
            let listed = summaries[pair.key].values.count
            guard listed < Self.maximumValueCount else { continue }
            // Ids and the like: each would cost the lists more than the span, and help nobody.
            if valueCounts[pair.key] > Self.maximumValueCount, pair.count == 1, listed >= Self.exampleCount { continue }
            if let value = value(pairTable.range(number)) { summaries[pair.key].values.append((value, pair.count)) }
        }
        return summaries
    }

    private func value(_ range: Range<Int>) -> AttributeValue? {
        var fields = ProtobufFields(buffer, range)
        var value: AttributeValue?
        while let field = fields.next() {
            if field.number == 2, field.isBytes { value = BlockAttributeValue(buffer, field.value).model(buffer) }
        }
        return value
    }
}

/// A key, how many spans have it, and its most usual values.
struct AttributeSummary: Sendable {
    var key: AttributeKey
    var count: Int
    var values: [(value: AttributeValue, count: Int)]
}

extension AttributeScope {
    fileprivate var tag: Int {
        switch self {
        case .resource: 0
        case .span: 1
        case .event: 2
        case .link: 3
        case .instrumentation: 4
        }
    }
}

/// An attribute's value as it lies in a block.
enum BlockAttributeValue {
    case text(Range<Int>)
    case int(Int64)
    case double(Double)
    case bool(Bool)
    /// A list, a map, bytes, or nothing.
    case other

    /// `message AnyValue { oneof value { string string_value = 1; bool bool_value = 2; int64 int_value = 3; double double_value = 4; … } }`
    init(_ buffer: UnsafeRawBufferPointer, _ range: Range<Int>) {
        var fields = ProtobufFields(buffer, range)
        self = .other
        while let field = fields.next() {
            switch field.number {
            case 1 where field.isBytes: self = .text(field.value)
            case 2: self = .bool(fields.number(field) != 0)
            case 3: self = .int(Int64(bitPattern: fields.number(field)))
            case 4 where field.value.count == 8: self = .double(Double(bitPattern: UInt64(littleEndian: fields.word(field.value.lowerBound))))
            default: self = .other
            }
        }
    }

    /// Whether it is offered as a value to choose: short text, numbers, true and false.
    var isListed: Bool {
        switch self {
        case .text(let range): range.count <= AttributeCollector.maximumTextLength
        case .bool, .int, .double: true
        case .other: false
        }
    }

    /// The value, where it may be listed.
    func model(_ buffer: UnsafeRawBufferPointer) -> AttributeValue? {
        switch self {
        case .text(let range): .string(String(decoding: buffer[range], as: UTF8.self))
        case .int(let number): .int(number)
        case .double(let number): .double(number)
        case .bool(let flag): .bool(flag)
        case .other: nil
        }
    }
}
