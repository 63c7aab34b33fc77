internal import Synchronization

/// System shared memory that clients registered: Triton's system shared memory extension.
///
/// Bytes are copied in and out through the object's file descriptor and never mapped: a client may make its object smaller at
/// any time, and touching a mapped page beyond the new end would kill the process.
package final class SharedMemoryRegions: Sendable {
    package struct Region: Hashable, Sendable {
        package var name: String
        /// The name of the POSIX shared memory object, for example `/input`.
        package var key: String
        package var offset: Int
        package var byteSize: Int

        package init(name: String, key: String, offset: Int, byteSize: Int) {
            self.name = name
            self.key = key
            self.offset = offset
            self.byteSize = byteSize
        }
    }

    /// Each region holds an open file.
    package static let defaultMaxRegions = 1024

    private struct Entry: Sendable {
        let region: Region
        let object: SharedMemoryObject
    }

    private let maxRegions: Int
    private let entries = Mutex<[String: Entry]>([:])

    package init(maxRegions: Int = SharedMemoryRegions.defaultMaxRegions) { self.maxRegions = maxRegions }

    /// Opens a region.
    ///
    /// - Throws: `alreadyExists` for a name that is taken, `internal` when the object cannot be opened, `invalidArgument` when it
    ///   is smaller than the region, `unavailable` when there are too many; Triton's words.
    package func register(_ region: Region) throws(InferenceError) {
        func wrong(_ text: String) -> InferenceError {
            InferenceError(.invalidArgument, "failed to register shared memory region '\(region.name)': \(text)")
        }
        let taken = InferenceError(.alreadyExists, "shared memory region '\(region.name)' already in manager")
        guard entries.withLock({ $0[region.name] }) == nil else { throw taken }
        guard region.offset >= 0, region.byteSize >= 0 else { throw wrong("invalid args: offset and byte size must not be negative") }
        let object = try SharedMemoryObject(key: region.key)
        let size = try object.size()
        guard region.offset <= size, region.byteSize <= size - region.offset else {
            throw wrong("invalid args: \(region.byteSize) bytes from \(region.offset) are more than the \(size) bytes of '\(region.key)'")
        }
        let problem = entries.withLock { entries -> InferenceError? in
            guard entries[region.name] == nil else { return taken }
            guard entries.count < maxRegions else {
                return InferenceError(.unavailable, "there are \(maxRegions) shared memory regions already; unregister one first")
            }
            entries[region.name] = Entry(region: region, object: object)
            return nil
        }
        if let problem { throw problem }
    }

    /// Gives a region up, or all of them without a name. An unknown name is no error. Requests that read it now finish.
    package func unregister(_ name: String?) {
        entries.withLock { entries in
            if let name {
                entries[name] = nil
            } else {
                entries = [:]
            }
        }
    }

    /// The region of this name, or all sorted by name.
    ///
    /// - Throws: `notFound` for an unknown name.
    package func status(_ name: String?) throws(InferenceError) -> [Region] {
        let regions = entries.withLock { $0.mapValues(\.region) }
        guard let name else { return regions.values.sorted { $0.name < $1.name } }
        guard let region = regions[name] else { throw InferenceError(.notFound, "Unable to find system shared memory region: '\(name)'") }
        return [region]
    }

    /// Checks that bytes lie within a region that is registered, before a request is executed that is to write there.
    ///
    /// - Throws: `notFound` for an unknown region, `invalidArgument` for bytes beyond its end.
    package func check(_ name: String, offset: Int, count: Int) throws(InferenceError) {
        _ = try entry(name, offset: offset, count: count)
    }

    /// The bytes at an offset within a region.
    ///
    /// - Throws: `notFound` for an unknown region, `invalidArgument` for bytes beyond its end, or beyond that of its object.
    package func read(_ name: String, offset: Int, count: Int) throws(InferenceError) -> [UInt8] {
        let entry = try entry(name, offset: offset, count: count)
        return try entry.object.read(offset: entry.region.offset + offset, count: count)
    }

    /// Writes bytes at an offset within a region; `limit` is the size that the request gave its output.
    ///
    /// - Throws: `notFound` for an unknown region, `internal` for bytes beyond the limit, `invalidArgument` for bytes beyond the
    ///   region's end, or that of its object.
    package func write(_ bytes: [UInt8], to name: String, offset: Int, limit: Int, output: String = "") throws(InferenceError) {
        guard bytes.count <= limit else {
            throw InferenceError(
                .internal,
                """
                shared memory size specified with the request for output '\(output)' (\(limit) bytes) should be at least \
                \(bytes.count) bytes to hold the results
                """
            )
        }
        let entry = try entry(name, offset: offset, count: bytes.count)
        try entry.object.write(bytes, offset: entry.region.offset + offset)
    }

    private func entry(_ name: String, offset: Int, count: Int) throws(InferenceError) -> Entry {
        guard let entry = entries.withLock({ $0[name] }) else {
            throw InferenceError(.notFound, "Unable to find shared memory region: '\(name)'")
        }
        let size = entry.region.byteSize
        guard (0...size).contains(offset) else {
            throw InferenceError(.invalidArgument, "Invalid offset for shared memory region: '\(name)' (\(offset), but it has \(size) bytes)")
        }
        guard count >= 0, count <= size - offset else {
            throw InferenceError(
                .invalidArgument,
                "Invalid offset + byte size for shared memory region: '\(name)' (\(count) bytes from \(offset), but it has \(size))"
            )
        }
        return entry
    }
}
