extension SQLiteTraceStore {
    /// Settings of the store; the defaults suit ingest of some 100,000 spans a second.
    public struct Configuration: Hashable, Sendable {
        /// zstd level of new blocks, 1 (fast) to 19 (small).
        public var compressionLevel: Int32
        /// The most spans in one block: more compress better, fewer are read faster.
        public var maximumSpansPerBlock: Int
        /// Bytes of decompressed blocks kept in memory for repeated reads.
        public var cacheSize: Int
        /// Bytes of memory, about, for the spans that one scan keeps of traces it has not seen completely, and four times as much as
        /// the blocks it opens at once. What does not fit is read once more.
        public var scanMemorySize: Int
        /// Reads that run at the same time; each has a thread.
        public var readerCount: Int
        /// Distinct pairs of service and operation that are listed; more are stored and found, but not listed.
        public var maximumOperationCount: Int
        /// The largest size of one file in bytes, beyond which `append` throws `.diskFull`; `nil` for as much as the disk has.
        public var maximumFileSize: Int?

        /// Bytes of memory for what is known of the blocks of older partitions; the current partition's are always there.
        ///
        /// A partition whose blocks are not in memory costs a read a look at its file. 128 MiB are enough for about 200 million spans
        /// in traces of eight.
        public var directorySize: Int
        /// Bytes of memory for the filters of blocks, which searches by attributes read: about 4 for each span.
        public var filterCacheSize: Int
        /// A partition ends after this time, seconds since it was begun.
        public var partitionSeconds: UInt64
        /// A partition ends when its file has this many bytes.
        public var partitionSize: Int
        /// How long spans are kept after they arrived, seconds; `nil` for ever. A partition goes when its newest span is older.
        public var retentionSeconds: UInt64? { didSet { boundPartitions() } }
        /// How many bytes all partitions may have together; `nil` for as much as the disk has. The oldest go first.
        public var retentionSize: Int? { didSet { boundPartitions() } }

        public init(
            compressionLevel: Int32 = 1, maximumSpansPerBlock: Int = 4096, cacheSize: Int = 64 << 20, scanMemorySize: Int = 96 << 20, readerCount: Int = 2,
            maximumOperationCount: Int = 100_000, maximumFileSize: Int? = nil, directorySize: Int = 128 << 20, filterCacheSize: Int = 64 << 20,
            partitionSeconds: UInt64 = 3600, partitionSize: Int = 2 << 30, retentionSeconds: UInt64? = nil, retentionSize: Int? = nil
        ) {
            self.compressionLevel = compressionLevel
            self.maximumSpansPerBlock = max(1, maximumSpansPerBlock)
            self.cacheSize = max(0, cacheSize)
            self.scanMemorySize = max(0, scanMemorySize)
            self.readerCount = max(1, readerCount)
            self.maximumOperationCount = max(1, maximumOperationCount)
            self.maximumFileSize = maximumFileSize
            self.directorySize = max(0, directorySize)
            self.filterCacheSize = max(0, filterCacheSize)
            self.partitionSeconds = max(1, partitionSeconds)
            self.partitionSize = max(1 << 16, partitionSize)
            self.retentionSeconds = retentionSeconds
            self.retentionSize = retentionSize
            boundPartitions()
        }

        /// Whole partitions are dropped, so each is an eighth at most of what is kept.
        private mutating func boundPartitions() {
            if let retentionSeconds { partitionSeconds = max(1, min(partitionSeconds, retentionSeconds / 8)) }
            if let retentionSize { partitionSize = max(1 << 16, min(partitionSize, retentionSize / 8)) }
        }

        /// A block of large spans ends at 4 MiB before compression.
        var blockLimits: BlockLimits { BlockLimits(spanCount: maximumSpansPerBlock, rawSize: 4 << 20) }
    }
}
