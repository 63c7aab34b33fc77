#if canImport(Glibc)
internal import Glibc
#else
internal import Darwin
#endif
internal import PrometheusMetrics

/// What the process takes, under Prometheus' usual names and the Collector's.
enum ProcessMetrics {
    /// When the first metrics or the health of this process were asked for or, before that, when a server was made.
    static let start = WallClock.now()

    static func families(version: String) -> [MetricFamily] {
        func family(_ name: String, _ kind: MetricFamily.Kind, _ help: String, _ value: Double) -> MetricFamily {
            MetricFamily(name, kind, help: help, points: [.init(MetricLabels(), .number(value))])
        }
        let uptime = Double(WallClock.now() - min(start, WallClock.now())) / 1e9
        let cpu = cpuSeconds
        let memory = Double(residentBytes ?? 0)
        return [
            family("process_cpu_seconds", .counter, "Seconds of processor time, user and system.", cpu),
            family("process_resident_memory_bytes", .gauge, "Memory in use, in bytes.", memory),
            family("process_start_time_seconds", .gauge, "When the process started, since the Unix epoch.", Double(start) / 1e9),
            family("otelcol_process_cpu_seconds", .counter, "Seconds of processor time, user and system.", cpu),
            family("otelcol_process_memory_rss", .gauge, "Memory in use, in bytes.", memory),
            family("otelcol_process_uptime", .counter, "Seconds since the start.", uptime),
            MetricFamily(
                "needletail_build_info", .gauge, help: "1, with the version.", points: [.init(MetricLabels([("version", version)]), .integer(1))]),
        ]
    }

    private static var cpuSeconds: Double {
        var usage = rusage()
        getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
        func seconds(_ time: timeval) -> Double { Double(time.tv_sec) + Double(time.tv_usec) / 1e6 }
        return seconds(usage.ru_utime) + seconds(usage.ru_stime)
    }

    /// The second field of `/proc/self/statm`, in pages; `nil` where there is no such file.
    private static var residentBytes: UInt64? {
        guard let fields = SystemFile.text("/proc/self/statm")?.split(separator: " "), fields.count > 1, let pages = UInt64(fields[1]) else { return nil }
        return pages * UInt64(max(0, sysconf(Int32(_SC_PAGESIZE))))
    }
}
