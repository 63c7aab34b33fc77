internal import TraceStore

/// Conditions on one span, as far as a block's summary can say that no span of it meets them.
struct BlockConditions {
    private var minimumDuration: UInt64 = 0
    private var operations: Set<UInt32>?

    init(_ conditions: [SpanCondition], _ table: OperationTable) {
        var services: [String] = []
        var names: [String] = []
        for condition in conditions {
            switch condition {
            case .service(let name): services.append(name)
            case .name(let name): names.append(name)
            case .durationAtLeast(let least): minimumDuration = max(minimumDuration, least)
            case .kind, .status, .durationAtMost, .isRoot, .attribute: break
            }
        }
        operations = table.candidates(service: services.first, operation: names.first)
    }

    func mayHold(in block: BlockSummary) -> Bool {
        block.maximumDuration >= minimumDuration && operations.map { block.operations.contains(where: $0.contains) } ?? true
    }
}
