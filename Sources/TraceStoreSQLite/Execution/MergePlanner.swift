/// Decides which small blocks become one. A value without I/O.
///
/// Senders of few spans a request make small blocks, and each costs a row, a summary and a look by every search. Blocks are
/// sorted into tiers by size, and when a tier is full its oldest blocks are merged: so a span is rewritten at most once for each tier.
struct MergePlanner {
    /// The largest block of each tier, in spans. Larger ones stay as they are.
    static let tierLimits = [16, 128, 512]
    /// Blocks that make a tier full.
    static let tierCapacity = 64

    private var tiers: [[BlockSummary]] = Array(repeating: [], count: tierLimits.count)
    private let limits: BlockLimits

    init(limits: BlockLimits) {
        self.limits = limits
    }

    mutating func add(_ block: BlockSummary) {
        // A block of few huge spans is large, whatever its number of spans.
        guard block.rawSize < limits.rawSize / 8 else { return }
        if let tier = Self.tierLimits.firstIndex(where: { block.spanCount <= min($0, limits.spanCount / 2) }) { tiers[tier].append(block) }
    }

    /// The blocks to merge next, oldest first; `nil` when no tier is full. They are forgotten: merge them, or lose only the merge.
    mutating func next() -> [BlockSummary]? {
        for tier in tiers.indices where tiers[tier].count >= Self.tierCapacity {
            var spanCount = 0
            var rawSize = 0
            let count = tiers[tier].prefix(Self.tierCapacity).prefix { block in
                spanCount += block.spanCount
                rawSize += block.rawSize
                return spanCount <= limits.spanCount && rawSize <= limits.rawSize
            }.count
            let blocks = Array(tiers[tier].prefix(max(2, count)))
            tiers[tier].removeFirst(blocks.count)
            return blocks
        }
        return nil
    }
}
