public import TraceModel

/// Traces by time and by the logarithm of their duration, with examples for each cell.
public struct DurationHeatmap: Hashable, Sendable {
    public struct Cell: Hashable, Sendable {
        public var column: Int
        public var row: Int
        /// Weighted traces.
        public var count = 0.0
        public var errors = 0.0
        public var traceCount = 0
        /// At most ``DurationHeatmap/examplesPerCell``, chosen evenly.
        public var examples: [TraceID] = []
    }

    public struct Column: Hashable, Sendable {
        public var count = 0.0
        public var p50: UInt64?
        public var p95: UInt64?
        public var p99: UInt64?
    }

    public static let examplesPerCell = 4

    /// By column, then row; cells without traces are left out.
    public private(set) var cells: [Cell] = []
    public private(set) var columns: [Column] = []
    /// Nanoseconds since the Unix epoch, and the width of a column.
    public let start: UInt64
    public let columnWidth: UInt64
    /// The shortest duration of row 0, nanoseconds; row r begins at `lowest * ratio^r`.
    public let lowest: Double
    public let ratio: Double
    public let rowCount: Int

    /// - Parameters:
    ///   - columns: At least 1.
    ///   - rows: At least 1.
    ///   - durations: Where the rows begin and end, so that several maps can be laid beside each other; else as far as the traces reach.
    public init(
        _ features: FeatureTable, window: ClosedRange<UInt64>, columns: Int, rows: Int, durations: ClosedRange<UInt64>? = nil,
        where isIncluded: (Int) -> Bool = { _ in true }
    ) {
        let columnCount = max(columns, 1)
        start = window.lowerBound
        columnWidth = max((window.upperBound - window.lowerBound) / UInt64(columnCount) + 1, 1)
        rowCount = max(rows, 1)
        var least = UInt64.max
        var most: UInt64 = 1
        for index in 0..<features.count where isIncluded(index) {
            least = min(least, max(features.durations[index], 1))
            most = max(most, features.durations[index])
        }
        if let durations { (least, most) = (durations.lowerBound, durations.upperBound) }
        let scale = LogScale(from: min(least, most), to: most, steps: rowCount)
        lowest = scale.lowest
        ratio = scale.ratio
        var cells: [Int: (cell: Cell, ranks: [UInt64])] = [:]
        var sketches = [DurationSketch](repeating: DurationSketch(), count: columnCount)
        for index in 0..<features.count where isIncluded(index) {
            let time = features.startTimes[index]
            guard window.contains(time) else { continue }
            let column = min(Int((time - start) / columnWidth), columnCount - 1)
            let row = min(scale.step(of: Double(max(features.durations[index], 1))), rowCount - 1)
            let weight = features.weight(index)
            sketches[column].add(features.durations[index], weight: weight)
            let key = column * rowCount + row
            var entry = cells.removeValue(forKey: key) ?? (Cell(column: column, row: row), [])
            entry.cell.count += weight
            entry.cell.traceCount += 1
            if features.errorCounts[index] > 0 { entry.cell.errors += weight }
            Self.keep(features.traceIDs[index], in: &entry)
            cells[key] = entry
        }
        self.cells = cells.sorted { $0.key < $1.key }.map(\.value.cell)
        self.columns = sketches.map { sketch in
            let values = sketch.quantiles([0.5, 0.95, 0.99])
            return Column(count: sketch.count, p50: values?[0], p95: values?[1], p99: values?[2])
        }
    }

    /// A reservoir that forgets nothing about order: the ids with the smallest hashes stay, the same ones for whoever asks.
    private static func keep(_ id: TraceID, in entry: inout (cell: Cell, ranks: [UInt64])) {
        let rank = (id.low ^ id.high &* 0x9e37_79b9_7f4a_7c15) &* 0xbf58_476d_1ce4_e5b9
        let place = entry.ranks.firstIndex { $0 > rank } ?? entry.ranks.count
        guard place < examplesPerCell else { return }
        entry.ranks.insert(rank, at: place)
        entry.cell.examples.insert(id, at: place)
        if entry.ranks.count > examplesPerCell {
            entry.ranks.removeLast()
            entry.cell.examples.removeLast()
        }
    }
}
