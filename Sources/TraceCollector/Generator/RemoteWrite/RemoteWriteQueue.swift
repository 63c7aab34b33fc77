/// Messages that wait to be sent, in order, with the waits between attempts. Pure: time is an argument, in seconds.
struct RemoteWriteQueue: Sendable {
    struct Entry: Sendable {
        /// Compressed.
        var body: [UInt8]
        var samples: Int
        var enqueued: Double
    }

    /// Why an attempt failed.
    enum Failure: Hashable, Sendable {
        /// Another attempt may succeed; perhaps the receiver says when, in seconds.
        case retryable(after: Double?)
        /// The receiver will never take this message.
        case permanent
    }

    struct Counters: Hashable, Sendable {
        var sentSamples: UInt64 = 0
        var sentBytes: UInt64 = 0
        var retries: UInt64 = 0
        /// Refused by the receiver for good.
        var failedSamples: UInt64 = 0
        /// Given up: the queue was full, or the receiver did not answer for too long.
        var droppedSamples: UInt64 = 0
    }

    private let size: Int
    private let initialInterval: Double
    private let maximumInterval: Double
    private let maximumElapsedTime: Double
    private var entries: [Entry] = []
    private var attempts = 0
    private(set) var counters = Counters()
    /// Before this time no attempt is made.
    private(set) var nextAttempt = 0.0

    /// A receiver cannot ask for a longer wait, in seconds.
    private static let maximumRetryAfter = 300.0

    init(_ configuration: PrometheusRemoteWriter.Configuration) {
        size = max(1, configuration.queueSize)
        initialInterval = max(0.01, configuration.retryInitialInterval)
        maximumInterval = max(initialInterval, configuration.retryMaxInterval)
        maximumElapsedTime = configuration.retryMaxElapsedTime
    }

    var pendingSamples: Int { entries.reduce(0) { $0 + $1.samples } }
    var isEmpty: Bool { entries.isEmpty }

    mutating func enqueue(_ entry: Entry) {
        if entries.count >= size {
            // The oldest: what is newest matters most, and the totals in it cover what is lost.
            let removed = entries.removeFirst()
            counters.droppedSamples += UInt64(removed.samples)
        }
        entries.append(entry)
    }

    /// What to send now; `nil` while it is not time or nothing waits.
    func next(at time: Double) -> Entry? { time >= nextAttempt ? entries.first : nil }

    mutating func succeeded() {
        guard !entries.isEmpty else { return }
        let entry = entries.removeFirst()
        counters.sentSamples += UInt64(entry.samples)
        counters.sentBytes += UInt64(entry.body.count)
        attempts = 0
        nextAttempt = 0
    }

    mutating func failed(_ failure: Failure, at time: Double) {
        guard let entry = entries.first else { return }
        guard case .retryable(let after) = failure else {
            entries.removeFirst()
            counters.failedSamples += UInt64(entry.samples)
            attempts = 0
            nextAttempt = 0
            return
        }
        if maximumElapsedTime > 0, time - entry.enqueued >= maximumElapsedTime {
            entries.removeFirst()
            counters.droppedSamples += UInt64(entry.samples)
        } else {
            counters.retries += 1
        }
        attempts = min(attempts + 1, 32)
        var wait = initialInterval
        for _ in 1..<max(attempts, 1) where wait < maximumInterval { wait *= 2 }
        wait = min(wait, maximumInterval)
        if let after { wait = max(wait, min(after, Self.maximumRetryAfter)) }
        nextAttempt = time + wait
    }

    /// Gives up what waits.
    mutating func dropAll() {
        counters.droppedSamples += UInt64(pendingSamples)
        entries = []
    }
}
