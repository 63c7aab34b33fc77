internal import Synchronization

/// Runs a program over whole texts: one table look-up for each byte, and the tables are filled as they are needed.
///
/// The time is linear in the text, whatever the pattern is.
final class RegexMatcher: Sendable {
    private let program: RegexProgram
    private let tables: Mutex<RegexTables>

    init(_ program: RegexProgram) {
        self.program = program
        tables = Mutex(RegexTables())
    }

    /// Whether the whole text matches.
    func matches(_ text: String) -> Bool {
        var text = text
        return text.withUTF8 { bytes in
            program.looksAround ? Self.simulate(program, bytes) : tables.withLock { $0.run(program, bytes) }
        }
    }

    /// Follows all threads at once, with a look at the neighbours of each place.
    private static func simulate(_ program: RegexProgram, _ bytes: UnsafeBufferPointer<UInt8>) -> Bool {
        var set = RegexStateSet(program.instructions.count)
        var next = RegexStateSet(program.instructions.count)
        set.add(program.start, program, place: .init(bytes, 0))
        for index in bytes.indices {
            next.removeAll()
            for state in set.members {
                if case .byte(let low, let high, let target) = program.instructions[Int(state)], low <= bytes[index], bytes[index] <= high {
                    next.add(target, program, place: .init(bytes, index + 1))
                }
            }
            swap(&set, &next)
            if set.members.isEmpty { return false }
        }
        return set.contains(0)
    }
}

/// What is around a place in a text.
struct RegexPlace {
    var isStart: Bool
    var isEnd: Bool
    var previous: UInt8
    var following: UInt8

    init(_ bytes: UnsafeBufferPointer<UInt8>, _ index: Int) {
        isStart = index == 0
        isEnd = index == bytes.count
        previous = isStart ? 10 : bytes[index - 1]
        following = isEnd ? 10 : bytes[index]
    }

    init(isStart: Bool, isEnd: Bool) {
        self.isStart = isStart
        self.isEnd = isEnd
        previous = 10
        following = 10
    }

    func holds(_ assertion: RegexAssertion) -> Bool {
        switch assertion {
        case .start: isStart
        case .end: isEnd
        case .lineStart: isStart || previous == 10
        case .lineEnd: isEnd || following == 10
        case .wordBoundary: Self.isWord(previous) != Self.isWord(following)
        case .notWordBoundary: Self.isWord(previous) == Self.isWord(following)
        }
    }

    private static func isWord(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "_"): true
        default: false
        }
    }
}

/// Instructions that threads wait at.
struct RegexStateSet {
    private(set) var members: [Int32] = []
    private var isMember: [Bool]
    private var pending: [Int32] = []

    init(_ count: Int) {
        isMember = [Bool](repeating: false, count: count)
    }

    func contains(_ state: Int32) -> Bool { isMember[Int(state)] }

    mutating func removeAll() {
        for member in members { isMember[Int(member)] = false }
        members.removeAll(keepingCapacity: true)
    }

    /// Adds a state and all that can be reached from it without a byte.
    mutating func add(_ state: Int32, _ program: RegexProgram, place: RegexPlace) {
        pending.append(state)
        while let state = pending.popLast() {
            guard !isMember[Int(state)] else { continue }
            isMember[Int(state)] = true
            members.append(state)
            switch program.instructions[Int(state)] {
            case .split(let first, let second):
                pending.append(second)
                pending.append(first)
            case .assertion(let assertion, let next):
                if place.holds(assertion) { pending.append(next) }
            case .byte, .match: break
            }
        }
    }
}

/// A deterministic machine that is built while it runs.
struct RegexTables: Sendable {
    /// When there are more, all are thrown away and built again.
    private static let maximumStates = 1_000
    private static let unknown: Int32 = -1
    private static let dead: Int32 = -2

    /// 256 successors of each state.
    private var successors: [Int32] = []
    private var members: [[Int32]] = []
    private var isAccepting: [Bool] = []
    private var numbers: [[Int32]: Int32] = [:]
    private var start: Int32 = Self.unknown

    mutating func run(_ program: RegexProgram, _ bytes: UnsafeBufferPointer<UInt8>) -> Bool {
        if bytes.isEmpty {
            var set = RegexStateSet(program.instructions.count)
            set.add(program.start, program, place: RegexPlace(isStart: true, isEnd: true))
            return set.contains(0)
        }
        if start == Self.unknown {
            var set = RegexStateSet(program.instructions.count)
            set.add(program.start, program, place: RegexPlace(isStart: true, isEnd: false))
            start = number(of: set.members, program)
        }
        var state = start
        for byte in bytes {
            var next = successors[Int(state) << 8 | Int(byte)]
            if next == Self.unknown { next = successor(of: state, byte, program) }
            if next == Self.dead { return false }
            state = next
        }
        return isAccepting[Int(state)]
    }

    private mutating func successor(of state: Int32, _ byte: UInt8, _ program: RegexProgram) -> Int32 {
        var set = RegexStateSet(program.instructions.count)
        for member in members[Int(state)] {
            if case .byte(let low, let high, let target) = program.instructions[Int(member)], low <= byte, byte <= high {
                set.add(target, program, place: RegexPlace(isStart: false, isEnd: false))
            }
        }
        if set.members.isEmpty {
            successors[Int(state) << 8 | Int(byte)] = Self.dead
            return Self.dead
        }
        if members.count >= Self.maximumStates {
            self = RegexTables()
            return number(of: set.members, program)
        }
        let next = number(of: set.members, program)
        successors[Int(state) << 8 | Int(byte)] = next
        return next
    }

    private mutating func number(of states: [Int32], _ program: RegexProgram) -> Int32 {
        // Splits are left out: what they lead to is there already.
        let kept = states.filter { if case .split = program.instructions[Int($0)] { false } else { true } }.sorted()
        if let known = numbers[kept] { return known }
        let number = Int32(truncatingIfNeeded: members.count)
        numbers[kept] = number
        members.append(kept)
        successors.append(contentsOf: repeatElement(Self.unknown, count: 256))
        isAccepting.append(accepts(kept, program))
        return number
    }

    /// Whether the text may end here.
    private func accepts(_ states: [Int32], _ program: RegexProgram) -> Bool {
        var set = RegexStateSet(program.instructions.count)
        for state in states { set.add(state, program, place: RegexPlace(isStart: false, isEnd: true)) }
        return set.contains(0)
    }
}
