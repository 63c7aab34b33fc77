#if canImport(Glibc)
internal import Glibc
#elseif canImport(Musl)
internal import Musl
#else
internal import Darwin
#endif
internal import Logging
internal import NeedletailTracing
internal import Synchronization
internal import TraceModel
internal import TraceStore

/// The processor `memory_limiter`: refuses spans while the process uses too much memory, so that their senders keep them.
final class MemoryLimiter: SpanSink {
    struct Settings: Sendable {
        /// How often the memory is looked at.
        var checkInterval: Duration
        /// Bytes above which memory is given back to the system by force.
        var hardLimit: UInt64
        /// Bytes above which spans are refused.
        var softLimit: UInt64

        private static let keys = ["check_interval", "limit_mib", "spike_limit_mib", "limit_percentage", "spike_limit_percentage"]

        init?(_ reader: YAMLReader) {
            guard let mapping = reader.mapping(Self.keys) else {
                if reader.isNull { reader.missing("check_interval", expected: "check_interval and limit_mib or limit_percentage") }
                return nil
            }
            if mapping["check_interval"] == nil { reader.missing("check_interval", expected: "a duration such as 1s") }
            checkInterval = mapping["check_interval"]?.duration(atLeast: .milliseconds(1)) ?? .seconds(1)
            let mebibyte: UInt64 = 1 << 20
            if let limit = mapping["limit_mib"]?.integer(in: 1...(1 << 30)) {
                hardLimit = UInt64(limit) * mebibyte
                let spike = mapping["spike_limit_mib"]?.integer(in: 0...max(limit - 1, 0)).map { UInt64($0) * mebibyte } ?? hardLimit / 5
                softLimit = hardLimit - spike
            } else if let percentage = mapping["limit_percentage"]?.integer(in: 1...100) {
                let total = ProcessMemory.total
                hardLimit = total / 100 * UInt64(percentage)
                let spike = mapping["spike_limit_percentage"]?.integer(in: 0...max(percentage - 1, 0)).map { total / 100 * UInt64($0) } ?? hardLimit / 5
                softLimit = hardLimit - spike
            } else {
                if mapping["limit_mib"] == nil, mapping["limit_percentage"] == nil { reader.missing("limit_mib", expected: "limit_mib or limit_percentage") }
                return nil
            }
        }

        init(checkInterval: Duration, hardLimit: UInt64, softLimit: UInt64) {
            self.checkInterval = checkInterval
            self.hardLimit = hardLimit
            self.softLimit = softLimit
        }
    }

    private struct State {
        var checked: ContinuousClock.Instant?
        var isOver = false
        var used: UInt64 = 0
    }

    private let id: ComponentID
    private let settings: Settings
    private let next: any SpanSink
    private let counters: PipelineCounters
    private let logger: Logger
    private let usedMemory: @Sendable () -> UInt64
    private let state = Mutex(State())

    init(
        id: ComponentID, settings: Settings, next: any SpanSink, counters: PipelineCounters, logger: Logger,
        usedMemory: @escaping @Sendable () -> UInt64 = { ProcessMemory.resident }
    ) {
        self.id = id
        self.settings = settings
        self.next = next
        self.counters = counters
        self.logger = logger
        self.usedMemory = usedMemory
    }

    func append(_ batches: [SpanBatch]) async throws {
        let count = batches.reduce(0) { $0 + $1.spanCount }
        if let used = overLimit() {
            counters.add(count, to: .refused, "processor", id.description)
            let message = "\(used >> 20) MiB of memory are used, processor \(id) refuses spans from \(settings.softLimit >> 20) MiB; send them again in \(Self.retryAfterSeconds) s"
            throw IngestError(code: .overloaded, message: message, retryAfterSeconds: Self.retryAfterSeconds)
        }
        counters.add(count, to: .accepted, "processor", id.description)
        try await next.append(batches)
    }

    /// What a refused sender is told to wait, in seconds.
    private static let retryAfterSeconds = 1

    /// The used memory when it is too much.
    private func overLimit() -> UInt64? {
        let now = ContinuousClock.now
        return state.withLock { state in
            if let checked = state.checked, now - checked < settings.checkInterval { return state.isOver ? state.used : nil }
            state.checked = now
            state.used = usedMemory()
            if state.used > settings.softLimit {
                ProcessMemory.giveBack()
                state.used = usedMemory()
            }
            let wasOver = state.isOver
            state.isOver = state.used > settings.softLimit
            if state.isOver != wasOver {
                logger.warning(
                    state.isOver ? "Spans are refused: the process uses too much memory" : "Spans are taken again: memory is free",
                    metadata: ["processor": "\(id)", "usedMiB": "\(state.used >> 20)", "limitMiB": "\(settings.softLimit >> 20)"]
                )
            }
            return state.isOver ? state.used : nil
        }
    }
}

/// The memory of this process and of the machine.
enum ProcessMemory {
    /// Bytes of this process in memory; 0 where the system does not tell.
    static var resident: UInt64 {
        guard let bytes = try? BoundedFile.read("/proc/self/statm", maximumSize: 4096) else { return 0 }
        let fields = String(decoding: bytes, as: UTF8.self).split(separator: " ")
        guard fields.count > 1, let pages = UInt64(fields[1]) else { return 0 }
        return pages &* UInt64(max(sysconf(Int32(_SC_PAGESIZE)), 1))
    }

    /// Bytes that this process may use: those of its container, or of the machine.
    static var total: UInt64 {
        let machine = UInt64(max(sysconf(Int32(_SC_PHYS_PAGES)), 0)) &* UInt64(max(sysconf(Int32(_SC_PAGESIZE)), 1))
        for path in ["/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"] {
            guard let bytes = try? BoundedFile.read(path, maximumSize: 4096) else { continue }
            if let limit = UInt64(String(decoding: bytes, as: UTF8.self).prefix { $0.isNumber }), limit > 0 { return min(limit, machine) }
        }
        return machine
    }

    /// Asks the allocator to return what is free.
    static func giveBack() {
        // Not in Swift's Glibc module, and not in every C library.
        typealias Trim = @convention(c) (Int) -> Int32
        guard let symbol = dlsym(nil, "malloc_trim") else { return }
        _ = unsafeBitCast(symbol, to: Trim.self)(0)
    }
}
