internal import TraceModel

/// A service, span name and kind; `kind` is `nil` for "any other operation of this service", when there are too many.
struct OperationKey: Hashable, Sendable {
    var service: String
    var name: String
    var kind: SpanKind?

    /// The number that stands for `nil` on disk.
    static let otherKind: Int64 = 255
}

/// Every operation ever stored, each with a small number. Bounded: see ``id(of:)``.
struct OperationTable: Sendable {
    /// The number of operations that could not be named; a block with it may hold any operation of any service.
    static let unnamed: UInt32 = 0

    private(set) var ids: [OperationKey: UInt32] = [:]
    private(set) var services: [String: Int] = [:]
    private var nextID: UInt32 = 1
    let maximumCount: Int

    init(maximumCount: Int) {
        self.maximumCount = maximumCount
    }

    /// Puts back what was read from the file.
    mutating func insert(_ key: OperationKey, id: UInt32) {
        ids[key] = id
        services[key.service, default: 0] += 1
        nextID = max(nextID, id + 1)
    }

    /// The number of an operation, a new one if need be.
    ///
    /// Beyond the maximum, new operations of a service share one number, and as many services again are named; then
    /// ``unnamed`` is given. A search finds all of these spans; only the lists of names are not complete then.
    mutating func id(of key: OperationKey, isNew: (OperationKey, UInt32) throws -> Void) rethrows -> UInt32 {
        var key = key
        if let id = ids[key] { return id }
        if ids.count >= maximumCount {
            key = OperationKey(service: key.service, name: "", kind: nil)
            if let id = ids[key] { return id }
            if ids.count >= 2 * maximumCount { return Self.unnamed }
        }
        let id = nextID
        try isNew(key, id)
        insert(key, id: id)
        return id
    }

    /// The numbers that a block must have one of, to hold spans of this service and name; `nil` when any block may.
    func candidates(service: String?, operation: String?) -> Set<UInt32>? {
        if service == nil, operation == nil { return nil }
        var result: Set<UInt32> = [Self.unnamed]
        for (key, id) in ids {
            if let service, key.service != service { continue }
            if let operation, key.kind != nil, key.name != operation { continue }
            result.insert(id)
        }
        return result
    }
}
