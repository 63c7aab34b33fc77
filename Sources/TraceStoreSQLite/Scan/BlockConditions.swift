internal import TraceModel
internal import TraceStore

/// Conditions on one span, as far as a block's summary and filter can say that no span of it meets them.
struct BlockConditions {
    private var durations = UInt64.max
    private var minimumDuration: UInt64 = 0
    private var statuses = UInt8.max
    private var kinds = UInt8.max
    /// The block has one of these; `nil` when any will do.
    private var operations: Set<UInt32>?
    /// The block's filter has one hash of each of these lists.
    private(set) var hashes: [[UInt64]] = []

    /// No block of the partition has such an operation.
    var canHold: Bool { operations.map { !$0.isEmpty } ?? true }

    init(_ conditions: [SpanCondition], _ table: OperationTable) {
        var services: [String] = []
        var names: [String] = []
        var maximumDuration = UInt64.max
        for condition in conditions {
            switch condition {
            case .service(let name): services.append(name)
            case .name(let name): names.append(name)
            case .kind(let kind): kinds &= 1 << kind.rawValue
            case .status(let code): statuses &= 1 << code.rawValue
            case .durationAtLeast(let least): minimumDuration = max(minimumDuration, least)
            case .durationAtMost(let most): maximumDuration = min(maximumDuration, most)
            case .attribute(let key, let test): hashes.append(AttributeHash.candidates(AttributeHash.name(key.name), test))
            case .isRoot: break
            }
        }
        operations = table.candidates(service: services.first, operation: names.first)
        durations = BlockSummary.Marks.durations(minimumDuration, maximumDuration)
    }

    init(_ search: TraceSearch, _ table: OperationTable) {
        operations = table.candidates(service: search.service, operation: search.operation)
        minimumDuration = search.minimumDuration ?? 0
        durations = BlockSummary.Marks.durations(minimumDuration, search.maximumDuration ?? .max)
        for tag in search.attributes { add(tag) }
    }

    private mutating func add(_ tag: TagFilter) {
        switch tag.key {
        // Keys that stand for fields, too: an attribute is not needed then.
        case "error", "span.status", "status", "otel.status_code", "otel.status_description", "span.kind", "scope.name", "otel.scope.name",
            "scope.version", "otel.scope.version", "w3c.tracestate", "event":
            return
        default:
            var candidates = AttributeHash.candidates(AttributeHash.name(tag.key), text: tag.value)
            if tag.key.hasPrefix("resource.") {
                let key = String(tag.key.dropFirst("resource.".count))
                candidates += AttributeHash.candidates(AttributeHash.name(key), text: tag.value)
            }
            hashes.append(candidates)
        }
    }

    func mayHold(in block: BlockSummary) -> Bool {
        block.maximumDuration >= minimumDuration && block.marks.durations & durations != 0 && block.marks.statuses & statuses != 0
            && block.marks.kinds & kinds != 0 && operations.map { block.operations.contains(where: $0.contains) } ?? true
    }

    /// - Parameter filter: empty for a block without one.
    func mayHold(in filter: [UInt8]) -> Bool {
        hashes.allSatisfy { candidates in candidates.contains { XorFilter.mayContain($0, in: filter) } }
    }
}
