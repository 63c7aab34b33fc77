/// Waiting requests in the order of their tickets; the first is taken at once, any other in logarithmic time.
struct TicketQueue<Waiter: Sendable>: Sendable {
    private struct Slot {
        var ticket: UInt64
        /// `nil`: taken out.
        var entry: QueueEntry<Waiter>?
    }

    private var slots: [Slot] = []
    /// While there are entries, the first of them.
    private var head = 0
    private(set) var count = 0

    var isEmpty: Bool { count == 0 }

    /// Adds a request whose ticket is higher than all others.
    mutating func append(_ entry: QueueEntry<Waiter>) {
        slots.append(Slot(ticket: entry.ticket, entry: entry))
        count += 1
    }

    /// Takes a request out; `nil` when it is not there.
    mutating func remove(ticket: UInt64) -> QueueEntry<Waiter>? {
        var low = head
        var high = slots.count
        while low < high {
            let middle = low + (high - low) / 2
            if slots[middle].ticket < ticket { low = middle + 1 } else { high = middle }
        }
        guard low < slots.count, slots[low].ticket == ticket, let entry = slots[low].entry.take() else { return nil }
        count -= 1
        tidy()
        return entry
    }

    /// Takes all out, in order.
    mutating func removeAll() -> [QueueEntry<Waiter>] {
        let entries = slots[head...].compactMap(\.entry)
        self = TicketQueue()
        return entries
    }

    /// Goes through the requests until the closure gives `false`.
    ///
    /// - Returns: whether it went to the end.
    func forEach(_ body: (QueueEntry<Waiter>) -> Bool) -> Bool {
        for index in head..<slots.count {
            if let entry = slots[index].entry, !body(entry) { return false }
        }
        return true
    }

    /// Keeps ``head`` at an entry, and the holes fewer than half.
    private mutating func tidy() {
        if count == 0 {
            slots.removeAll(keepingCapacity: true)
            head = 0
            return
        }
        while slots[head].entry == nil { head += 1 }
        guard slots.count >= 64, slots.count >= 2 * count else { return }
        // At least half are holes: what moving costs was earned by as many removals.
        slots.removeAll { $0.entry == nil }
        head = 0
    }
}
