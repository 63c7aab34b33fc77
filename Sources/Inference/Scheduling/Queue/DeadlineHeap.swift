/// The times at which waiting requests run out of patience, the nearest first. Requests that left stay until then, or until
/// they are the most.
struct DeadlineHeap: Sendable {
    struct Item: Sendable {
        var deadline: UInt64
        var level: Int
        var ticket: UInt64
    }

    private var items: [Item] = []

    var count: Int { items.count }
    var first: Item? { items.first }

    mutating func insert(_ item: Item) {
        items.append(item)
        var child = items.count - 1
        while child > 0 {
            let parent = (child - 1) / 2
            guard items[child].deadline < items[parent].deadline else { break }
            items.swapAt(child, parent)
            child = parent
        }
    }

    mutating func popFirst() -> Item? {
        guard let first = items.first else { return nil }
        let last = items.removeLast()
        guard !items.isEmpty else { return first }
        items[0] = last
        var parent = 0
        while true {
            var least = parent
            for child in [2 * parent + 1, 2 * parent + 2] where child < items.count && items[child].deadline < items[least].deadline {
                least = child
            }
            guard least != parent else { return first }
            items.swapAt(parent, least)
            parent = least
        }
    }

    mutating func keep(where isKept: (Item) -> Bool) {
        let kept = items.filter(isKept)
        items = []
        for item in kept { insert(item) }
    }
}
