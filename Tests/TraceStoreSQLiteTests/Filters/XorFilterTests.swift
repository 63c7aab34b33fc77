import Testing

@testable import TraceStoreSQLite

@Suite("xor filters")
struct XorFilterTests {
    @Test("have every hash of their set, and few others", arguments: [1, 2, 3, 10, 100, 1000, 20_000])
    func contain(count: Int) {
        var random = Numbers(state: UInt64(count))
        let hashes = (0..<count).map { _ in random.next() }
        let filter = XorFilter.bytes(of: hashes)
        #expect(hashes.allSatisfy { XorFilter.mayContain($0, in: filter) })
        let others = (0..<10_000).count { _ in XorFilter.mayContain(random.next(), in: filter) }
        #expect(others < 100, "one in 256 is expected")
        #expect(filter.count < 60 + count * 130 / 100)
    }

    @Test("of an empty set have nothing; no bytes may have anything; nor do a set with repetitions or broken bytes leave anything out")
    func edges() {
        #expect(!XorFilter.mayContain(1, in: XorFilter.bytes(of: [])))
        #expect(XorFilter.mayContain(1, in: []))
        #expect(XorFilter.mayContain(5, in: XorFilter.bytes(of: [5, 5, 6])))
        #expect(XorFilter.mayContain(1, in: Array(XorFilter.bytes(of: [2, 3, 4]).dropLast())))
    }

    @Test("begin with the seed and the length of a third")
    func head() {
        let filter = XorFilter.bytes(of: [1, 2, 3, 4, 5])
        #expect(filter.count == 12 + 3 * ((32 + 5 * 123 / 100) / 3 + 1))
        #expect(filter.prefix(8).elementsEqual([0x15, 0x7c, 0x4a, 0x7f, 0xb9, 0x79, 0x37, 0x9e]))
        #expect(filter.dropFirst(8).prefix(4).elementsEqual([13, 0, 0, 0]))
    }
}

/// SplitMix64: the same numbers in every run.
private struct Numbers {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
