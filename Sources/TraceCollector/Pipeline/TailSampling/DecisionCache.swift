internal import TraceModel

/// The newest traces of one decision, as many as it may hold.
struct DecisionCache: Sendable {
    private var ids: Set<TraceID> = []
    private var order: [TraceID] = []
    /// Where the next one goes once it is full.
    private var next = 0
    private let capacity: Int

    init(capacity: Int) {
        self.capacity = max(capacity, 1)
    }

    func contains(_ id: TraceID) -> Bool { ids.contains(id) }

    mutating func insert(_ id: TraceID) {
        guard ids.insert(id).inserted else { return }
        guard order.count >= capacity else { return order.append(id) }
        ids.remove(order[next])
        order[next] = id
        next = (next + 1) % capacity
    }
}
