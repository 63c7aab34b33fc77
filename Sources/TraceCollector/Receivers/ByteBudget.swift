internal import Synchronization

/// Bytes that requests may hold at one time, together.
final class ByteBudget: Sendable {
    let limit: Int
    private let used = Mutex(0)

    init(limit: Int) {
        self.limit = limit
    }

    /// Bytes that are taken.
    var held: Int { used.withLock { $0 } }

    /// Takes bytes, unless that would pass the limit while others hold some: one request alone always gets what it needs.
    func take(_ bytes: Int, alreadyHeld: Int) -> Bool {
        used.withLock { used in
            guard used == alreadyHeld || used + bytes <= limit else { return false }
            used += bytes
            return true
        }
    }

    func giveBack(_ bytes: Int) {
        used.withLock { $0 -= bytes }
    }
}

/// What one request holds of a ``ByteBudget``; given back by ``release()``.
struct ByteBudgetShare {
    private let budget: ByteBudget
    private var held = 0

    init(of budget: ByteBudget) {
        self.budget = budget
    }

    mutating func grow(by bytes: Int) -> Bool {
        guard bytes > 0 else { return true }
        guard budget.take(bytes, alreadyHeld: held) else { return false }
        held += bytes
        return true
    }

    mutating func release() {
        budget.giveBack(held)
        held = 0
    }
}
