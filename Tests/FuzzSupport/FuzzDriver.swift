/// Damages the seeds of a target again and again, in the same order for the same number.
public struct FuzzDriver {
    /// What was found.
    public struct Finding: Sendable, CustomStringConvertible {
        public var input: [UInt8]
        public var reason: String

        /// The input as Swift has it, so that it can become a fixture.
        public var description: String { "\(reason); input of \(input.count) bytes: \(input.prefix(2000))" }
    }

    /// Inputs grow no longer.
    private static let maximumSize = 16 * 1024
    /// No input of that size needs so long, not even on a busy machine.
    private static let maximumTime: Duration = .seconds(10)
    /// Damaged inputs that are damaged further.
    private static let poolSize = 64

    private var generator: SeededGenerator
    /// Told each input before it is fed, so that whoever asks knows which one made the process end.
    private let before: (([UInt8]) -> Void)?
    public private(set) var inputs = 0

    public init(seed: UInt64, before: (([UInt8]) -> Void)? = nil) {
        generator = SeededGenerator(seed: seed)
        self.before = before
    }

    /// Runs for a while, or until something is found.
    public mutating func run(_ target: FuzzTarget, for duration: Duration) -> Finding? {
        let end = ContinuousClock.now + duration
        for seed in target.seeds { if let finding = feed(seed, target) { return finding } }
        var pool = target.seeds
        while ContinuousClock.now < end {
            var input = pool.randomElement(using: &generator) ?? []
            for _ in 0..<Int.random(in: 1...6, using: &generator) { damage(&input, pool, target.words) }
            if input.count > Self.maximumSize { input.removeLast(input.count - Self.maximumSize) }
            if let finding = feed(input, target) { return finding }
            // Some damage stays, so that more than a few steps from a good input are reached.
            guard Int.random(in: 0..<50, using: &generator) == 0 else { continue }
            if pool.count < target.seeds.count + Self.poolSize {
                pool.append(input)
            } else {
                pool[target.seeds.count + Int.random(in: 0..<Self.poolSize, using: &generator)] = input
            }
        }
        return nil
    }

    private mutating func feed(_ input: [UInt8], _ target: FuzzTarget) -> Finding? {
        before?(input)
        inputs += 1
        let start = ContinuousClock.now
        if let reason = target.check(input) { return Finding(input: input, reason: reason) }
        let time = ContinuousClock.now - start
        return time > Self.maximumTime ? Finding(input: input, reason: "took \(time)") : nil
    }

    private mutating func damage(_ bytes: inout [UInt8], _ pool: [[UInt8]], _ words: [[UInt8]]) {
        let index = Int.random(in: 0...max(0, bytes.count - 1), using: &generator)
        guard !bytes.isEmpty else { return bytes.append(UInt8.random(in: 0...255, using: &generator)) }
        switch Int.random(in: 0...9, using: &generator) {
        case 0: bytes[index] = UInt8.random(in: 0...255, using: &generator)
        case 1: bytes[index] ^= 1 << UInt8.random(in: 0...7, using: &generator)
        case 2: bytes.remove(at: index)
        case 3: bytes.insert(UInt8.random(in: 0...255, using: &generator), at: index)
        case 4: bytes.removeSubrange(index..<min(bytes.count, index + Int.random(in: 1...40, using: &generator)))
        case 5: bytes.removeLast(bytes.count - index)
        case 6:
            // A part again: nesting and long lists come of this.
            let end = min(bytes.count, index + Int.random(in: 1...60, using: &generator))
            let part = Array(bytes[index..<end])
            for _ in 0..<Int.random(in: 1...20, using: &generator) { bytes.insert(contentsOf: part, at: index) }
        case 7:
            let extreme: [UInt8] = [0x00, 0x7f, 0x80, 0xff].randomElement(using: &generator).map { Array(repeating: $0, count: 9) } ?? []
            bytes.replaceSubrange(index..<min(bytes.count, index + 4), with: extreme.prefix(Int.random(in: 1...9, using: &generator)))
        case 8:
            guard let word = words.randomElement(using: &generator) else { return }
            bytes.insert(contentsOf: word, at: index)
        default:
            guard let other = pool.randomElement(using: &generator), !other.isEmpty else { return }
            let start = Int.random(in: 0..<other.count, using: &generator)
            bytes.insert(contentsOf: other[start..<min(other.count, start + Int.random(in: 1...80, using: &generator))], at: index)
        }
    }
}
