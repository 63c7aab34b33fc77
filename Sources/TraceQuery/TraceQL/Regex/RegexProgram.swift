/// A regular expression as a machine over the bytes of UTF-8 (Thompson's construction).
struct RegexProgram: Sendable {
    enum Instruction: Sendable {
        case byte(UInt8, UInt8, next: Int32)
        case split(Int32, Int32)
        case assertion(RegexAssertion, next: Int32)
        case match
    }

    /// The most instructions: repetitions multiply them.
    static let maximumSize = 40_000

    private(set) var instructions: [Instruction] = []
    private(set) var start: Int32 = 0
    /// Whether a place's neighbours decide; such programs are run without tables.
    private(set) var looksAround = false
    /// Steps of the construction: repetitions of nothing make no instructions, but take time.
    private var steps = 0

    init(_ node: RegexNode) throws(RegexError) {
        instructions.append(.match)
        start = try add(node, next: 0)
    }

    /// Adds the instructions of a node before the instruction `next`.
    private mutating func add(_ node: RegexNode, next: Int32) throws(RegexError) -> Int32 {
        steps += 1
        guard steps <= 4 * Self.maximumSize else { throw RegexError(message: "expression too large") }
        switch node {
        case .empty: return next
        case .set(let ranges): return try addSet(ranges, next: next)
        case .sequence(let parts):
            var next = next
            for part in parts.reversed() { next = try add(part, next: next) }
            return next
        case .choice(let choices):
            var first: Int32?
            for choice in choices.reversed() {
                let branch = try add(choice, next: next)
                first = try first.map { other throws(RegexError) in try emit(.split(branch, other)) } ?? branch
            }
            return first ?? next
        case .repetition(let body, let minimum, let maximum):
            var next = next
            if let maximum {
                let end = next
                for _ in 0..<max(0, maximum - minimum) {
                    let branch = try add(body, next: next)
                    next = try emit(.split(branch, end))
                }
            } else {
                let loop = try emit(.split(next, next))
                let branch = try add(body, next: loop)
                instructions[Int(loop)] = .split(branch, next)
                next = loop
            }
            for _ in 0..<minimum { next = try add(body, next: next) }
            return next
        case .assertion(let assertion):
            if assertion != .start, assertion != .end { looksAround = true }
            return try emit(.assertion(assertion, next: next))
        }
    }

    private mutating func emit(_ instruction: Instruction) throws(RegexError) -> Int32 {
        guard instructions.count < Self.maximumSize else { throw RegexError(message: "expression too large") }
        instructions.append(instruction)
        return Int32(truncatingIfNeeded: instructions.count - 1)
    }

    // MARK: Characters to bytes

    /// A character class without members matches nothing: a jump to itself.
    private mutating func addSet(_ ranges: [ClosedRange<UInt32>], next: Int32) throws(RegexError) -> Int32 {
        var first: Int32?
        for range in ranges {
            for sequence in Self.sequences(range) {
                var branch = next
                for bytes in sequence.reversed() { branch = try emit(.byte(bytes.lowerBound, bytes.upperBound, next: branch)) }
                first = try first.map { other throws(RegexError) in try emit(.split(branch, other)) } ?? branch
            }
        }
        if let first { return first }
        let trap = try emit(.split(0, 0))
        instructions[Int(trap)] = .split(trap, trap)
        return trap
    }

    /// The UTF-8 of a range of characters, as sequences of ranges of bytes.
    static func sequences(_ range: ClosedRange<UInt32>) -> [[ClosedRange<UInt8>]] {
        var result: [[ClosedRange<UInt8>]] = []
        // Lengths of encodings change at these; surrogates are no characters.
        for part: ClosedRange<UInt32> in [0...0x7F, 0x80...0x7FF, 0x800...0xD7FF, 0xE000...0xFFFF, 0x10000...0x10FFFF] where range.overlaps(part) {
            split(range.clamped(to: part), into: &result)
        }
        return result
    }

    private static func split(_ range: ClosedRange<UInt32>, into result: inout [[ClosedRange<UInt8>]]) {
        if range.upperBound < 0x80 {
            result.append([UInt8(range.lowerBound)...UInt8(range.upperBound)])
            return
        }
        for count in 1...3 {
            let mask = UInt32(1) << (6 * UInt32(count)) - 1
            guard range.lowerBound & ~mask != range.upperBound & ~mask else { continue }
            if range.lowerBound & mask != 0 {
                split(range.lowerBound...(range.lowerBound | mask), into: &result)
                split((range.lowerBound | mask) + 1...range.upperBound, into: &result)
                return
            }
            if range.upperBound & mask != mask {
                split(range.lowerBound...(range.upperBound & ~mask) - 1, into: &result)
                split((range.upperBound & ~mask)...range.upperBound, into: &result)
                return
            }
        }
        let low = bytes(range.lowerBound)
        let high = bytes(range.upperBound)
        result.append(zip(low, high).map { $0...$1 })
    }

    private static func bytes(_ value: UInt32) -> [UInt8] {
        func continuation(_ shift: UInt32) -> UInt8 { UInt8(0x80 | value >> shift & 0x3F) }
        return switch value {
        case ..<0x80: [UInt8(value)]
        case ..<0x800: [UInt8(0xC0 | value >> 6), continuation(0)]
        case ..<0x10000: [UInt8(0xE0 | value >> 12), continuation(6), continuation(0)]
        default: [UInt8(0xF0 | value >> 18 & 7), continuation(12), continuation(6), continuation(0)]
        }
    }
}
