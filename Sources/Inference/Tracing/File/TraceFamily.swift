internal import Synchronization

/// A client's request and the requests that its model made, in mode `triton`: they are written together, and count as one.
final class TraceFamily: Sendable {
    /// Bytes of children's text that are kept; children beyond are left out.
    static let maximumBytes = 32 << 20

    private let sampler: TraceSampler
    /// What the children wrote; `nil` when the client's request has ended.
    private let children = Mutex<[UInt8]?>([])

    /// Notes that one more request of the sampler's is under way.
    init(_ sampler: TraceSampler) {
        self.sampler = sampler
        sampler.open.wrappingAdd(1, ordering: .relaxed)
    }

    deinit {
        // A request that nobody recorded.
        if children.withLock({ $0 != nil }) { sampler.open.wrappingSubtract(1, ordering: .relaxed) }
    }

    /// Keeps what a child wrote; `false` when the client's request has ended already.
    func add(_ text: [UInt8]) -> Bool {
        children.withLock { children in
            guard let before = children.take() else { return false }
            guard before.count + text.count < Self.maximumBytes, !text.isEmpty else {
                children = before
                return true
            }
            children = before.isEmpty ? text : before + [UInt8(ascii: ",")] + text
            return true
        }
    }

    /// The client's request has ended.
    ///
    /// - Returns: what children wrote, and whether the count that this one was taken from is used up by ended requests.
    func end() -> (children: [UInt8], isLast: Bool) {
        guard let text = children.withLock({ $0.take() }) else { return ([], false) }
        let rest = sampler.open.wrappingSubtract(1, ordering: .relaxed).newValue
        return (text, rest == 0 && sampler.remainingCount == 0)
    }
}
