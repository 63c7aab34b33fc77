extension SQLiteTraceStore {
    /// Settings of the store; the defaults suit ingest of some 100,000 spans a second.
    public struct Configuration: Hashable, Sendable {
        /// zstd level of new blocks, 1 (fast) to 19 (small).
        public var compressionLevel: Int32
        /// The most spans in one block: more compress better, fewer are read faster.
        public var maximumSpansPerBlock: Int
        /// Bytes of decompressed blocks kept in memory for repeated reads.
        public var cacheSize: Int
        /// Reads that run at the same time; each has a thread.
        public var readerCount: Int
        /// Distinct pairs of service and operation that are listed; more are stored and found, but not listed.
        public var maximumOperationCount: Int
        /// The largest size of the file in bytes, beyond which `append` throws `.diskFull`; `nil` for as much as the disk has.
        public var maximumFileSize: Int?

        public init(
            compressionLevel: Int32 = 1, maximumSpansPerBlock: Int = 4096, cacheSize: Int = 64 << 20, readerCount: Int = 2,
            maximumOperationCount: Int = 100_000, maximumFileSize: Int? = nil
        ) {
            self.compressionLevel = compressionLevel
            self.maximumSpansPerBlock = max(1, maximumSpansPerBlock)
            self.cacheSize = max(0, cacheSize)
            self.readerCount = max(1, readerCount)
            self.maximumOperationCount = max(1, maximumOperationCount)
            self.maximumFileSize = maximumFileSize
        }

        /// A block of large spans ends at 4 MiB before compression.
        var blockLimits: BlockLimits { BlockLimits(spanCount: maximumSpansPerBlock, rawSize: 4 << 20) }
    }
}
