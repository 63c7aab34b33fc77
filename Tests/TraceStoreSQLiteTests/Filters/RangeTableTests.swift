import Testing

@testable import TraceStoreSQLite

@Suite("numbers of byte ranges")
struct RangeTableTests {
    @Test("are the same for the same bytes and tag only, however many there are")
    func numbers() {
        // Ranges of every length that overlap, and some that are there twice.
        var bytes: [UInt8] = []
        for number in 0..<4000 { bytes.append(UInt8(truncatingIfNeeded: number * number / 7)) }
        bytes += bytes
        var known: [[UInt8]: Int] = [:]
        bytes.withUnsafeBytes { buffer in
            var table = RangeTable(buffer, capacity: 8)
            for start in stride(from: 0, to: 7900, by: 3) {
                let range = start..<start + start % 61
                for tag in 0..<2 {
                    let key = Array(buffer[range]) + [UInt8(tag)]
                    let expected = known[key] ?? known.count
                    known[key] = expected
                    #expect(table.number(of: range, tag: tag) == expected)
                    #expect(buffer[table.range(expected)].elementsEqual(buffer[range]))
                }
            }
            #expect(table.count == known.count)
        }
        #expect(known.count > 3000)
    }

    @Test("tell ranges apart that differ in any one byte", arguments: 1...70)
    func everyByteCounts(length: Int) {
        var bytes = [UInt8](repeating: 7, count: length)
        for place in 0..<length {
            var other = [UInt8](repeating: 7, count: length)
            other[place] = 8
            bytes += other
        }
        bytes.withUnsafeBytes { buffer in
            var table = RangeTable(buffer, capacity: 8)
            for number in 0...length { #expect(table.number(of: number * length..<(number + 1) * length, tag: 0) == number) }
            for number in 0...length { #expect(table.number(of: number * length..<(number + 1) * length, tag: 0) == number) }
        }
    }
}
