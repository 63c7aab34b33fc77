#if canImport(Glibc)
internal import Glibc
#elseif canImport(Musl)
internal import Musl
#else
internal import Darwin
#endif
internal import Synchronization

/// One file of the store: the spans that arrived within some time.
///
/// Partitions go by the time of arrival, not by the spans' own times: then late spans and spans of broken clocks cost nothing,
/// only the newest partition is ever written to, and what is dropped for its age is what came first. Each partition knows the
/// range of its spans' times, by which reads leave it out.
final class Partition: Sendable {
    /// Larger is newer; unique in a store.
    let number: Int
    let path: String
    /// When it was begun, seconds since the Unix epoch; 0 for the single file of format version 1.
    let createdAt: UInt64
    private let isDropped = Atomic(false)

    init(number: Int, directory: String, createdAt: UInt64) {
        self.number = number
        self.createdAt = createdAt
        path = directory + "/" + Self.name(createdAt)
    }

    deinit {
        if isDropped.load(ordering: .relaxed) { Self.removeFiles(path) }
    }

    /// Has the files removed when nobody reads them any more.
    func drop() { isDropped.store(true, ordering: .relaxed) }

    // MARK: Files

    /// The file of format version 1, which had one for everything: the oldest partition.
    static let firstName = "traces.sqlite"
    private static let prefix = "traces-"
    private static let suffix = ".sqlite"

    /// `traces-20260131T235959Z.sqlite`.
    static func name(_ createdAt: UInt64) -> String {
        if createdAt == 0 { return firstName }
        var time = time_t(clamping: createdAt)
        var parts = tm()
        gmtime_r(&time, &parts)
        func digits(_ number: Int32, _ count: Int) -> String {
            let text = String(number)
            return String(repeating: "0", count: max(0, count - text.count)) + text
        }
        let day = digits(parts.tm_year + 1900, 4) + digits(parts.tm_mon + 1, 2) + digits(parts.tm_mday, 2)
        return prefix + day + "T" + digits(parts.tm_hour, 2) + digits(parts.tm_min, 2) + digits(parts.tm_sec, 2) + "Z" + suffix
    }

    /// The time in a file's name; `nil` when it is none of ours.
    static func creationTime(ofName name: String) -> UInt64? {
        if name == firstName { return 0 }
        guard name.hasPrefix(prefix), name.hasSuffix("Z" + suffix) else { return nil }
        let digits = name.dropFirst(prefix.count).dropLast(suffix.count + 1).split(separator: "T", omittingEmptySubsequences: false)
        guard digits.count == 2, digits[0].count == 8, digits[1].count == 6, let day = Int32(digits[0]), let second = Int32(digits[1]) else { return nil }
        var parts = tm()
        parts.tm_year = day / 10_000 - 1900
        parts.tm_mon = day / 100 % 100 - 1
        parts.tm_mday = day % 100
        parts.tm_hour = second / 10_000
        parts.tm_min = second / 100 % 100
        parts.tm_sec = second % 100
        let time = timegm(&parts)
        return time > 0 && Self.name(UInt64(time)) == name ? UInt64(time) : nil
    }

    /// The partitions of a folder, oldest first. What a dropped partition left behind when the program was killed is removed.
    static func all(in directory: String, isCleaning: Bool = true) -> [Partition] {
        let names = Set(fileNames(in: directory))
        for name in names where isCleaning && name.hasPrefix(prefix) {
            // The file goes first, its journal after it.
            for ending in ["-wal", "-shm"] where name.hasSuffix(ending) && !names.contains(String(name.dropLast(ending.count))) {
                unlink(directory + "/" + name)
            }
        }
        return names.compactMap(creationTime).sorted().enumerated().map { Partition(number: $0.offset, directory: directory, createdAt: $0.element) }
    }

    private static func fileNames(in directory: String) -> [String] {
        guard let folder = opendir(directory) else { return [] }
        defer { closedir(folder) }
        var names: [String] = []
        while let entry = readdir(folder) {
            names.append(withUnsafeBytes(of: entry.pointee.d_name) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) })
        }
        return names
    }

    static func removeFiles(_ path: String) {
        for ending in ["", "-wal", "-shm"] { unlink(path + ending) }
    }
}
