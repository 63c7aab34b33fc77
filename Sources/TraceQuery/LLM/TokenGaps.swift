/// Gaps between tokens by their place in the answer, over many requests: does streaming slow down as answers grow?
public struct TokenGaps: Hashable, Sendable {
    public struct Cell: Hashable, Sendable {
        /// Step of ``positionStep`` tokens.
        public var position: Int
        /// Step of ``scale``.
        public var gap: Int
        /// Weighted gaps.
        public var count: Double
    }

    /// Tokens that share a column.
    public static let positionStep = 8
    /// Columns; the last one holds all that comes later.
    public static let positionCount = 64
    /// From 100 µs on.
    public static let scale = LogScale(lowest: 100_000, ratio: 1.25)

    public let cells: [Cell]
    /// By column.
    public let sketches: [DurationSketch]
    /// Requests that tell when their tokens came.
    public let requestCount: Int

    /// - Parameter rows: Of the table.
    public init(_ features: FeatureTable, rows: [Int]) {
        struct Key: Hashable {
            var position: Int
            var gap: Int
        }
        var cells: [Key: Double] = [:]
        var sketches: [DurationSketch] = []
        var requests = 0
        for row in rows {
            let gaps = features.gapsBetweenTokens(row)
            if !gaps.isEmpty { requests += 1 }
            for (token, gap) in gaps.enumerated() {
                let position = min(token / Self.positionStep, Self.positionCount - 1)
                while sketches.count <= position { sketches.append(DurationSketch()) }
                sketches[position].add(UInt64(min(gap, 1e18)), weight: features.weight(row))
                cells[Key(position: position, gap: Self.scale.step(of: Double(gap))), default: 0] += features.weight(row)
            }
        }
        self.cells = cells.map { Cell(position: $0.key.position, gap: $0.key.gap, count: $0.value) }.sorted { ($0.position, $0.gap) < ($1.position, $1.gap) }
        self.sketches = sketches
        requestCount = requests
    }
}
