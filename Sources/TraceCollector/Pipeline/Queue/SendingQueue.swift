internal import NeedletailTracing
internal import Synchronization
internal import TraceModel

/// The bounded queue in front of an exporter, in memory or on disk.
final class SendingQueue: Sendable {
    /// `sending_queue` of an exporter.
    struct Settings: Sendable {
        /// What ``size`` counts.
        enum Sizer: Sendable {
            case requests
            /// Spans.
            case items
            case bytes
        }

        var isEnabled = true
        var consumers = 10
        var size = 1000
        var sizer = Sizer.requests
        /// A full queue makes the pipeline wait instead of refusing.
        var blocksOnOverflow = false
        /// The pipeline waits until the spans are sent.
        var waitsForResult = false
        /// Where the queue survives the end of the program; `nil`: it is in memory.
        var storage: FileStorageSettings?

        init() {}

        init(_ reader: YAMLReader?, storages: [ComponentID: FileStorageSettings]) {
            self.init()
            let keys = ["enabled", "num_consumers", "queue_size", "sizer", "block_on_overflow", "wait_for_result", "storage"]
            guard let mapping = reader?.mapping(keys) else { return }
            isEnabled = mapping["enabled"]?.boolean() ?? isEnabled
            consumers = mapping["num_consumers"]?.integer(in: 1...1000) ?? consumers
            size = mapping["queue_size"]?.integer(in: 1...(1 << 40)) ?? size
            sizer = mapping["sizer"]?.choice(["requests": .requests, "items": .items, "bytes": .bytes]) ?? sizer
            blocksOnOverflow = mapping["block_on_overflow"]?.boolean() ?? blocksOnOverflow
            waitsForResult = mapping["wait_for_result"]?.boolean() ?? waitsForResult
            guard let place = mapping["storage"], let name = place.string() else { return }
            storage = ComponentID(name).flatMap { storages[$0] }
            if storage == nil {
                let known = storages.keys.map(\.description).sorted().joined(separator: ", ")
                place.mistake("extension \"\(name.prefix(60))\" is not defined", expected: known.isEmpty ? "one of extensions, as file_storage: {directory: PATH}" : "one of \(known)")
            }
            if waitsForResult, storage != nil { place.mistake("does not go with wait_for_result", expected: "one of the two") }
        }

        func weight(_ batch: SpanBatch) -> Int {
            switch sizer {
            case .requests: 1
            case .items: batch.spanCount
            case .bytes: batch.approximateSize
            }
        }
    }

    /// What became of a request.
    enum Outcome: Sendable {
        case sent
        /// The receiver will never take it, or the time for retries is over; it is counted.
        case givenUp(String)
        /// The program ends first.
        case unfinished
    }

    struct Item: Sendable {
        /// Where it is on disk; `nil`: in memory only.
        var id: Int64?
        /// `nil` when it is on disk only.
        var batch: SpanBatch?
        var spanCount: Int
        var weight: Int
        var waiter: CheckedContinuation<Outcome, Never>?
    }

    private struct State {
        var waiting: [Item] = []
        /// The items before this one are taken.
        var head = 0
        /// Of all items that are not finished.
        var weight = 0
        var inFlight = 0
        var consumers: [CheckedContinuation<Item?, Never>] = []
        var blocked: [CheckedContinuation<Void, Never>] = []
        var isStopping = false

        mutating func popFirst() -> Item? {
            guard head < waiting.count else { return nil }
            let item = waiting[head]
            waiting[head].batch = nil
            head += 1
            if head > 1024, head * 2 > waiting.count {
                waiting.removeFirst(head)
                head = 0
            }
            return item
        }
    }

    let settings: Settings
    private let state: Mutex<State>

    init(settings: Settings, stored: [SpanLog.Entry] = []) {
        self.settings = settings
        var state = State()
        for entry in stored {
            let weight =
                switch settings.sizer {
                case .requests: 1
                case .items: entry.spanCount
                case .bytes: entry.size
                }
            state.waiting.append(Item(id: entry.id, spanCount: entry.spanCount, weight: weight))
            state.weight += weight
        }
        self.state = Mutex(state)
    }

    /// In units of the sizer.
    var weight: Int { state.withLock { $0.weight } }
    var inFlight: Int { state.withLock { $0.inFlight } }
    var isStopping: Bool { state.withLock { $0.isStopping } }

    /// Takes room for requests; one alone is always admitted to an empty queue.
    ///
    /// - Returns: `false` when there is none. With ``Settings/blocksOnOverflow`` it waits for it instead, until the task is cancelled.
    func reserve(_ weight: Int) async -> Bool {
        while true {
            let isAdmitted = state.withLock { state in
                guard state.weight == 0 || state.weight + weight <= settings.size else { return false }
                state.weight += weight
                return true
            }
            if isAdmitted { return true }
            guard settings.blocksOnOverflow, !Task.isCancelled else { return false }
            await withTaskCancellationHandler {
                await withCheckedContinuation { continuation in
                    let mustWait = state.withLock { state in
                        if Task.isCancelled || state.weight == 0 || state.weight + weight <= settings.size { return false }
                        state.blocked.append(continuation)
                        return true
                    }
                    if !mustWait { continuation.resume() }
                }
            } onCancel: {
                // All of them: the others find no room and wait again.
                release(0)
            }
        }
    }

    /// Gives back room that nothing was put in.
    func release(_ weight: Int) {
        let blocked = state.withLock { state in
            state.weight -= weight
            defer { state.blocked = [] }
            return state.blocked
        }
        for one in blocked { one.resume() }
    }

    /// Puts items in for which there is room already.
    func add(_ items: [Item]) {
        var handed: [(CheckedContinuation<Item?, Never>, Item)] = []
        state.withLock { state in
            for item in items {
                if let consumer = state.consumers.popLast() {
                    state.inFlight += 1
                    handed.append((consumer, item))
                } else {
                    state.waiting.append(item)
                }
            }
        }
        for (consumer, item) in handed { consumer.resume(returning: item) }
    }

    /// The next item, waiting for one; `nil` when there is none any more: on disk as soon as the end begins, in memory when it is empty.
    func next() async -> Item? {
        await withCheckedContinuation { continuation in
            enum Answer { case item(Item), end, wait }
            let answer: Answer = state.withLock { state in
                if state.isStopping, settings.storage != nil { return .end }
                if let item = state.popFirst() {
                    state.inFlight += 1
                    return .item(item)
                }
                if state.isStopping { return .end }
                state.consumers.append(continuation)
                return .wait
            }
            switch answer {
            case .item(let item): continuation.resume(returning: item)
            case .end: continuation.resume(returning: nil)
            case .wait: break
            }
        }
    }

    /// An item that `next()` gave is done with.
    func finish(_ item: Item, _ outcome: Outcome) {
        item.waiter?.resume(returning: outcome)
        state.withLock { $0.inFlight -= 1 }
        release(item.weight)
    }

    func stop() {
        let consumers = state.withLock { state in
            state.isStopping = true
            defer { state.consumers = [] }
            return state.consumers
        }
        for consumer in consumers { consumer.resume(returning: nil) }
    }
}
