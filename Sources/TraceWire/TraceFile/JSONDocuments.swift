/// Where the JSON values of a text lie that come one after the other: each on a line of its own, or over several lines.
struct JSONDocuments {
    private(set) var ranges: [Range<Int>] = []
    private let lineStarts: [Int]

    /// Only brackets and quotes are looked at; whether a value is JSON is for its reader to say.
    init(_ bytes: [UInt8]) {
        let bytes = bytes
        (ranges, lineStarts) = bytes.withUnsafeBufferPointer { buffer in
            let lines = Self.lines(buffer)
            let first = lines.first { !Self.isBlank(buffer, $0) }
            // Where the first line is a whole value, each is: a broken one does not take the next ones with it.
            if let first, Self.end(of: buffer, from: first.lowerBound) <= first.upperBound {
                return (lines.filter { !Self.isBlank(buffer, $0) }, lines.map(\.lowerBound))
            }
            return (Self.values(buffer), lines.map(\.lowerBound))
        }
    }

    /// The number of the line, from 1, on which a byte lies.
    func line(of offset: Int) -> Int {
        var low = 0
        var high = lineStarts.count
        while low < high {
            let middle = (low + high) / 2
            if lineStarts[middle] <= offset { low = middle + 1 } else { high = middle }
        }
        return low
    }

    private static func lines(_ bytes: UnsafeBufferPointer<UInt8>) -> [Range<Int>] {
        var lines: [Range<Int>] = []
        var start = 0
        for index in bytes.indices where bytes[index] == UInt8(ascii: "\n") {
            lines.append(start..<index)
            start = index + 1
        }
        if start < bytes.count { lines.append(start..<bytes.count) }
        return lines
    }

    private static func isBlank(_ bytes: UnsafeBufferPointer<UInt8>, _ range: Range<Int>) -> Bool {
        bytes[range].allSatisfy { $0 <= 0x20 }
    }

    private static func values(_ bytes: UnsafeBufferPointer<UInt8>) -> [Range<Int>] {
        var ranges: [Range<Int>] = []
        var position = 0
        while true {
            while position < bytes.count, bytes[position] <= 0x20 { position += 1 }
            if position >= bytes.count { return ranges }
            let end = end(of: bytes, from: position)
            ranges.append(position..<min(end, bytes.count))
            position = end
        }
    }

    /// Behind the bracket that closes the value; beyond the text when none does.
    private static func end(of bytes: UnsafeBufferPointer<UInt8>, from start: Int) -> Int {
        var depth = 0
        var index = start
        while index < bytes.count {
            switch bytes[index] {
            case UInt8(ascii: "{"), UInt8(ascii: "["): depth += 1
            case UInt8(ascii: "}"), UInt8(ascii: "]"):
                depth -= 1
                if depth <= 0 { return index + 1 }
            case UInt8(ascii: "\""):
                index += 1
                while index < bytes.count, bytes[index] != UInt8(ascii: "\"") { index += bytes[index] == UInt8(ascii: "\\") ? 2 : 1 }
            default: break
            }
            index += 1
        }
        return bytes.count + 1
    }
}
