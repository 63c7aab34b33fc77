/// Numbers of which each stands for so many, sorted.
struct WeightedValues {
    private let values: [Double]
    /// The weight of a value and of all before it.
    private let sums: [Double]
    private let mean: Double

    init(_ pairs: [(value: Double, weight: Double)]) {
        // Most requests spend no time in most stages: what is 0 needs no sorting.
        let sorted = pairs.filter { $0.value <= 0 } + pairs.filter { $0.value > 0 }.sorted { $0.value < $1.value }
        values = sorted.map(\.value)
        var (sum, product) = (0.0, 0.0)
        var sums: [Double] = []
        sums.reserveCapacity(sorted.count)
        for pair in sorted {
            sum += pair.weight
            product += pair.value * pair.weight
            sums.append(sum)
        }
        self.sums = sums
        mean = sum > 0 ? product / sum : 0
    }

    /// The first place up to which the share of the weight lies; 0 without values.
    func place(of share: Double) -> Int {
        guard let whole = sums.last else { return 0 }
        return min(sums.partitioningIndex { $0 >= share * whole * (1 - 1e-12) }, sums.count - 1)
    }

    func measure(_ measure: SelectionComparison.Measure) -> Double {
        guard let share = measure.share else { return mean }
        return values.isEmpty ? 0 : values[place(of: share)]
    }
}
