/// What the task that executes a batch hears of its worker.
enum WorkerEvent: Sendable {
    /// `response`, `done` or `call`.
    case frame(WorkerFrame)
    /// The worker is gone, for this reason; nothing follows.
    case ended(String)
}

/// Hands events from the thread that reads a socket to the one task that executes a batch.
///
/// What waits here is bounded by the protocol: the worker sends one response for each credit it was given, a bounded number of
/// calls, and one `done`.
struct WorkerInbox {
    private var events: [WorkerEvent] = []
    private var first = 0
    private var waiter: UnsafeContinuation<WorkerEvent, Never>?
    private var end: String?

    var hasEnded: Bool { end != nil }

    /// Takes an event in, or gives back the waiter to be resumed with it.
    mutating func post(_ event: WorkerEvent) -> UnsafeContinuation<WorkerEvent, Never>? {
        if case .ended(let reason) = event { end = reason }
        if let waiter {
            self.waiter = nil
            return waiter
        }
        if case .frame = event { events.append(event) }
        return nil
    }

    /// The next event that is there; `nil`: the caller becomes the waiter.
    mutating func take(or waiter: UnsafeContinuation<WorkerEvent, Never>?) -> WorkerEvent? {
        if first < events.count {
            defer { first += 1 }
            return events[first]
        }
        events.removeAll(keepingCapacity: true)
        first = 0
        if let end { return .ended(end) }
        self.waiter = waiter
        return nil
    }
}
