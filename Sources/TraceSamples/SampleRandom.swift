/// Random numbers that are the same for the same seed: SplitMix64.
struct SampleRandom: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var mixed = state
        mixed = (mixed ^ mixed >> 30) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ mixed >> 27) &* 0x94d0_49bb_1331_11eb
        return mixed ^ mixed >> 31
    }

    /// Whether something of this probability happens.
    mutating func chance(_ probability: Double) -> Bool { Double.random(in: 0..<1, using: &self) < probability }

    /// Nanoseconds between two numbers of milliseconds.
    mutating func milliseconds(_ range: ClosedRange<Double>) -> UInt64 { UInt64(Double.random(in: range, using: &self) * 1e6) }

    /// A factor near 1.
    mutating func noise(_ share: Double) -> Double { Double.random(in: 1 - share...1 + share, using: &self) }
}
