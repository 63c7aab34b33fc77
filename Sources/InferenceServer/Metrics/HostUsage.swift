#if canImport(Glibc)
internal import Glibc
#else
internal import Darwin
#endif
internal import NeedletailTracing
internal import PrometheusMetrics
internal import Synchronization

/// What the machine and this process use, from `/proc`; what cannot be read there is left out.
final class HostUsage: Sendable {
    /// Clock ticks since the machine began.
    private struct Ticks: Sendable {
        var busy: UInt64
        var total: UInt64
    }

    private struct State: Sendable {
        var ticks: Ticks?
        var read: UInt64
        var utilization = 0.0
    }

    /// Nanoseconds.
    private let interval: UInt64
    private let state: Mutex<State>

    /// - Parameter intervalMilliseconds: how long a CPU utilization counts before it is taken anew.
    init(intervalMilliseconds: Int) {
        interval = UInt64(max(0, intervalMilliseconds)) * 1_000_000
        state = Mutex(State(ticks: Self.ticks(), read: MonotonicClock.now()))
    }

    /// There is none without a GPU.
    static let pinnedMemory = [
        one("nv_pinned_memory_pool_total_bytes", "Pinned memory pool total memory size, in bytes", .integer(0)),
        one("nv_pinned_memory_pool_used_bytes", "Pinned memory pool used memory size, in bytes", .integer(0)),
    ]

    private static func one(_ name: String, _ help: String, _ value: MetricFamily.Point.Value, kind: MetricFamily.Kind = .gauge) -> MetricFamily {
        MetricFamily(name, kind, help: help, points: [.init(MetricLabels(), value)])
    }

    func families() -> [MetricFamily] {
        var families: [MetricFamily] = []
        if let utilization = utilization() { families.append(Self.one("nv_cpu_utilization", "CPU utilization rate [0.0 - 1.0]", .number(utilization))) }
        if let (total, used) = Self.memory() {
            families.append(Self.one("nv_cpu_memory_total_bytes", "CPU total memory (RAM), in bytes", .integer(total)))
            families.append(Self.one("nv_cpu_memory_used_bytes", "CPU used memory (RAM), in bytes", .integer(used)))
        }
        if let resident = Self.residentMemory() {
            families.append(Self.one("process_resident_memory_bytes", "Resident memory of this process, in bytes", .integer(resident)))
        }
        if let seconds = Self.processorTime() {
            families.append(Self.one("process_cpu_seconds", "Time that this process has spent on CPUs, in seconds", .number(seconds), kind: .counter))
        }
        return families
    }

    /// The share of all CPUs since the reading before, of at least an interval.
    private func utilization() -> Double? {
        let now = MonotonicClock.now()
        return state.withLock { state in
            guard now &- state.read >= interval || state.utilization == 0 else { return state.utilization }
            guard let new = Self.ticks() else { return nil }
            if let old = state.ticks, new.total > old.total {
                state.utilization = Double(new.busy &- old.busy) / Double(new.total - old.total)
            }
            state.ticks = new
            state.read = now
            return state.utilization
        }
    }

    private static func ticks() -> Ticks? {
        guard let line = text("/proc/stat")?.split(separator: "\n").first else { return nil }
        let numbers = line.split(separator: " ").dropFirst().compactMap { UInt64($0) }
        guard numbers.count >= 5 else { return nil }
        // The first eight: later ones are parts of them. Idle and waiting for I/O is not busy.
        let total = numbers.prefix(8).reduce(0, +)
        return Ticks(busy: total - numbers[3] - numbers[4], total: total)
    }

    private static func memory() -> (total: UInt64, used: UInt64)? {
        var kibibytes: [Substring: UInt64] = [:]
        for line in text("/proc/meminfo")?.split(separator: "\n") ?? [] {
            let words = line.split(separator: " ")
            if words.count >= 2, let number = UInt64(words[1]) { kibibytes[words[0]] = number }
        }
        guard let total = kibibytes["MemTotal:"], let available = kibibytes["MemAvailable:"], available <= total else { return nil }
        return (total * 1024, (total - available) * 1024)
    }

    private static func residentMemory() -> UInt64? {
        let words = text("/proc/self/statm")?.split(separator: " ") ?? []
        guard words.count >= 2, let pages = UInt64(words[1]) else { return nil }
        return pages * UInt64(sysconf(Int32(_SC_PAGESIZE)))
    }

    /// Seconds that the process has spent in itself and in the system.
    private static func processorTime() -> Double? {
        // The name of the program, in parentheses, may hold anything.
        let words = text("/proc/self/stat")?.split(separator: ")").last?.split(separator: " ") ?? []
        guard words.count > 12, let user = UInt64(words[11]), let system = UInt64(words[12]) else { return nil }
        return Double(user + system) / Double(sysconf(Int32(_SC_CLK_TCK)))
    }

    /// The beginning of a small file.
    private static func text(_ path: String) -> String? {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        var bytes = [UInt8](repeating: 0, count: 16384)
        let count = read(descriptor, &bytes, bytes.count)
        return count > 0 ? String(decoding: bytes[..<count], as: UTF8.self) : nil
    }
}
