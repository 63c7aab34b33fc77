#if canImport(FoundationEssentials)
internal import FoundationEssentials
#else
internal import Foundation
#endif
#if canImport(Glibc)
internal import Glibc
#elseif canImport(Musl)
internal import Musl
#else
internal import Darwin
#endif
internal import Compression
internal import NeedletailTracing
internal import Synchronization
internal import TraceModel
internal import TraceWire

/// The exporter `file`: OTLP requests in a file, in the OpenTelemetry Collector's format.
///
/// JSON is a line for each request. Protobuf, and anything compressed, is four bytes with the length, most significant first, and
/// the message. A request is written whole or not at all, and before it is acknowledged.
struct CollectorFile: SpanExporter {
    struct Settings: Sendable, Equatable {
        struct Rotation: Sendable, Equatable {
            /// Bytes.
            var maximumSize = 100 << 20
            /// 0: for ever.
            var maximumDays = 0
            /// 0: all.
            var maximumBackups = 100
            var usesLocalTime = false
        }

        enum Format: Sendable { case json, proto }

        var path: String
        var rotation: Rotation?
        var format = Format.json
        var isCompressed = false
        /// How often what was written is forced to the disk.
        var flushInterval: Duration = .seconds(1)
        /// What is in the file stays.
        var appends = false

        private static let keys = ["path", "rotation", "format", "compression", "flush_interval", "append"]

        init(path: String) {
            self.path = path
        }

        init?(_ reader: YAMLReader) {
            guard let mapping = reader.mapping(Self.keys) else {
                if reader.isNull { reader.missing("path", expected: "the name of a file") }
                return nil
            }
            guard let path = mapping["path"]?.string(), !path.isEmpty, !path.utf8.contains(0) else {
                if mapping["path"]?.isNull ?? true { reader.missing("path", expected: "the name of a file") }
                return nil
            }
            self.path = path
            format = mapping["format"]?.choice(["json": .json, "proto": .proto]) ?? .json
            isCompressed = mapping["compression"]?.choice(["zstd": true, "none": false]) ?? false
            flushInterval = mapping["flush_interval"]?.duration() ?? flushInterval
            appends = mapping["append"]?.boolean() ?? false
            if let place = mapping["rotation"] {
                var rotation = Rotation()
                let mapping = place.mapping(["max_megabytes", "max_days", "max_backups", "localtime"])
                rotation.maximumSize = (mapping?["max_megabytes"]?.integer(in: 1...1_000_000) ?? 100) << 20
                rotation.maximumDays = mapping?["max_days"]?.integer(in: 0...100_000) ?? 0
                rotation.maximumBackups = mapping?["max_backups"]?.integer(in: 0...100_000) ?? 100
                rotation.usesLocalTime = mapping?["localtime"]?.boolean() ?? false
                self.rotation = rotation
                if appends { place.mistake("does not go with append: true", expected: "one of the two") }
            }
        }
    }

    private let settings: Settings
    private let writer: Mutex<CollectorFileWriter?>.Box
    private let queue = BlockingQueue(label: "needletail.collector-file")

    /// - Throws: ``TracingConfigurationError`` `.invalidPath` when the file cannot be opened for writing.
    init(settings: Settings) throws(TracingConfigurationError) {
        self.settings = settings
        writer = .init(try CollectorFileWriter(settings))
    }

    func export(_ batch: SpanBatch) async throws -> SpanExportResult {
        var record = settings.format == .json ? OTLPJSON.encode(batch) : OTLPProtobuf.encode(batch)
        if settings.isCompressed { record = Zstd.compress(record) }
        if settings.format == .proto || settings.isCompressed {
            record = withUnsafeBytes(of: UInt32(clamping: record.count).bigEndian) { Array($0) } + record
        } else {
            record.append(UInt8(ascii: "\n"))
        }
        try await queue.run { [record, writer] in
            try writer.value.withLock { writer in
                guard writer != nil else { throw SpanExportError(code: .shutDown, message: "the file exporter was shut down") }
                try writer?.append(record)
            }
        }
        return .success
    }

    func shutdown() async {
        // Fails only when the task is cancelled: the file is closed all the same, a moment later.
        try? await queue.run { [writer] in writer.value.withLock { $0 = nil } }
    }
}

extension Mutex where Value: Sendable {
    /// A mutex that values can share.
    final class Box: Sendable {
        let value: Mutex<Value>
        init(_ value: Value) { self.value = Mutex(value) }
    }
}

/// The open file of a ``CollectorFile``.
final class CollectorFileWriter: @unchecked Sendable {
    // Sendable: it is in a Mutex, which one thread at a time opens.

    private let settings: CollectorFile.Settings
    private var descriptor: Int32
    private var synchronized = ContinuousClock.now

    init(_ settings: CollectorFile.Settings) throws(TracingConfigurationError) {
        self.settings = settings
        // With rotation the file goes on where it was, as in the Collector.
        let appends = settings.appends || settings.rotation != nil
        descriptor = Self.open(settings.path, truncates: !appends)
        guard descriptor >= 0 else {
            throw TracingConfigurationError(
                code: .invalidPath,
                message: "exporter file: \(settings.path) cannot be opened for writing: \(String(cString: strerror(errno))); expected a file in a folder that exists and is writable"
            )
        }
    }

    deinit {
        fsync(descriptor)
        close(descriptor)
    }

    private static func open(_ path: String, truncates: Bool) -> Int32 {
        #if canImport(Glibc)
        Glibc.open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | (truncates ? O_TRUNC : 0), 0o600)
        #elseif canImport(Musl)
        Musl.open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | (truncates ? O_TRUNC : 0), 0o600)
        #else
        Darwin.open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | (truncates ? O_TRUNC : 0), 0o600)
        #endif
    }

    private var status: stat? {
        var status = stat()
        return fstat(descriptor, &status) == 0 ? status : nil
    }

    /// - Throws: ``SpanExportError`` when the record is lost; none of it is in the file then.
    func append(_ record: [UInt8]) throws(SpanExportError) {
        var size = Int(status?.st_size ?? 0)
        if let rotation = settings.rotation, size > 0, size + record.count > rotation.maximumSize {
            try rotate(rotation)
            size = Int(status?.st_size ?? 0)
        }
        let result = record.withUnsafeBytes { SystemWrite.all(descriptor, $0) }
        guard result.error == 0 else {
            // A part of a record would make the rest of the file unreadable.
            if result.written > 0 { _ = ftruncate(descriptor, off_t(size)) }
            throw SpanExportError(code: .unavailable, message: "\(settings.path) cannot be written: \(SystemWrite.text(result.error))")
        }
        if ContinuousClock.now - synchronized >= settings.flushInterval {
            // Devices cannot be synchronized, and need not be.
            fsync(descriptor)
            synchronized = .now
        }
    }

    /// Renames `name.ext` to `name-2026-11-21T14-30-00.000.ext`, and begins a new file.
    private func rotate(_ rotation: CollectorFile.Settings.Rotation) throws(SpanExportError) {
        let path = FilePath(settings.path)
        guard rename(settings.path, "\(path.folder)/\(path.stem)-\(Self.stamp(local: rotation.usesLocalTime))\(path.ending)") == 0 else {
            throw SpanExportError(code: .unavailable, message: "\(settings.path) cannot be renamed: \(String(cString: strerror(errno)))")
        }
        let new = Self.open(settings.path, truncates: false)
        guard new >= 0 else {
            throw SpanExportError(code: .unavailable, message: "\(settings.path) cannot be opened: \(String(cString: strerror(errno)))")
        }
        close(descriptor)
        descriptor = new
        removeOld(path, rotation)
    }

    private func removeOld(_ path: FilePath, _ rotation: CollectorFile.Settings.Rotation) {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: path.folder)) ?? []
        let stampLength = Self.stamp(local: false).utf8.count
        // The names sort as the times do.
        let backups = names.filter {
            $0.hasPrefix(path.stem + "-") && $0.hasSuffix(path.ending) && $0.utf8.count == path.stem.utf8.count + 1 + stampLength + path.ending.utf8.count
        }.sorted(by: >)
        for (index, name) in backups.enumerated() {
            let file = "\(path.folder)/\(name)"
            let isExtra = rotation.maximumBackups > 0 && index >= rotation.maximumBackups
            var status = stat()
            let age = stat(file, &status) == 0 ? time(nil) - status.st_mtim.tv_sec : 0
            if isExtra || (rotation.maximumDays > 0 && age > rotation.maximumDays * 86_400) { unlink(file) }
        }
    }

    private static func stamp(local: Bool) -> String {
        let now = WallClock.now()
        var seconds = time_t(now / 1_000_000_000)
        var parts = tm()
        if local { localtime_r(&seconds, &parts) } else { gmtime_r(&seconds, &parts) }
        func two(_ number: Int32) -> String { number < 10 ? "0\(number)" : "\(number)" }
        let milliseconds = String(now / 1_000_000 % 1000)
        let padded = String(repeating: "0", count: 3 - milliseconds.count) + milliseconds
        return "\(parts.tm_year + 1900)-\(two(parts.tm_mon + 1))-\(two(parts.tm_mday))T\(two(parts.tm_hour))-\(two(parts.tm_min))-\(two(parts.tm_sec)).\(padded)"
    }

    private struct FilePath {
        var folder: String
        var stem: String
        /// With the dot; empty when there is none.
        var ending: String

        init(_ path: String) {
            let slash = path.lastIndex(of: "/")
            folder = slash.map { $0 == path.startIndex ? "" : String(path[..<$0]) } ?? "."
            let name = slash.map { path[path.index(after: $0)...] } ?? path[...]
            let dot = name.lastIndex(of: ".")
            stem = String(name[..<(dot ?? name.endIndex)])
            ending = String(name[(dot ?? name.endIndex)...])
        }
    }
}
