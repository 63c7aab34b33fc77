/// System shared memory that clients registered: Triton's system shared memory extension.
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

    package init() {}

    /// Maps a region.
    ///
    /// - Throws: `alreadyExists`-like `invalidArgument` for a name that is taken, `internal` when it cannot be opened; Triton's words.
    package func register(_ region: Region) throws(InferenceError) {
        throw InferenceError(.unsupported, "shared memory is not supported")
    }

    /// Gives a region up, or all of them without a name. An unknown name is no error.
    package func unregister(_ name: String?) {}

    /// The region of this name, or all sorted by name.
    ///
    /// - Throws: `notFound` for an unknown name.
    package func status(_ name: String?) throws(InferenceError) -> [Region] { [] }

    /// The bytes at an offset within a region.
    ///
    /// - Throws: `invalidArgument` for an unknown region or bytes beyond its end.
    package func read(_ name: String, offset: Int, count: Int) throws(InferenceError) -> [UInt8] {
        throw InferenceError(.invalidArgument, "Unable to find shared memory region: '\(name)'")
    }

    /// Writes bytes at an offset within a region; `limit` is the size that the request gave its output.
    ///
    /// - Throws: `invalidArgument` for an unknown region or bytes beyond the limit or its end.
    package func write(_ bytes: [UInt8], to name: String, offset: Int, limit: Int) throws(InferenceError) {
        throw InferenceError(.invalidArgument, "Unable to find shared memory region: '\(name)'")
    }
}
