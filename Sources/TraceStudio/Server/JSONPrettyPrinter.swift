internal import TraceWire

/// Indents compact JSON, as Jaeger's `prettyPrint=true` does: four blanks a level.
struct JSONPrettyPrinter: PiecewiseText {
    private var source: any PiecewiseText
    private var depth = 0
    private var isInString = false
    private var isEscaped = false
    /// The last byte was an opening bracket: whether something is in it, the next one tells.
    private var isOpened = false

    /// - Parameter source: Valid JSON without blanks between its parts.
    init(_ source: any PiecewiseText) {
        self.source = source
    }

    static func indent(_ json: [UInt8]) -> [UInt8] {
        var printer = JSONPrettyPrinter(WholeText(json))
        var result: [UInt8] = []
        while let piece = printer.next(size: json.count * 2) { result += piece }
        return result
    }

    mutating func next(size: Int) -> [UInt8]? {
        guard let json = source.next(size: max(size / 2, 1)) else { return nil }
        var result: [UInt8] = []
        result.reserveCapacity(json.count * 2)
        for byte in json { append(byte, to: &result) }
        return result
    }

    private mutating func append(_ byte: UInt8, to result: inout [UInt8]) {
        if isInString {
            result.append(byte)
            if isEscaped {
                isEscaped = false
            } else if byte == UInt8(ascii: "\\") {
                isEscaped = true
            } else if byte == UInt8(ascii: "\"") {
                isInString = false
            }
            return
        }
        let isClosing = byte == UInt8(ascii: "}") || byte == UInt8(ascii: "]")
        if isOpened {
            isOpened = false
            // An empty object or array stays on its line.
            if isClosing { return result.append(byte) }
            depth += 1
            newLine(&result)
        }
        switch byte {
        case UInt8(ascii: "{"), UInt8(ascii: "["):
            result.append(byte)
            isOpened = true
        case _ where isClosing:
            depth -= 1
            newLine(&result)
            result.append(byte)
        case UInt8(ascii: ","):
            result.append(byte)
            newLine(&result)
        case UInt8(ascii: ":"):
            result.append(byte)
            result.append(UInt8(ascii: " "))
        default:
            if byte == UInt8(ascii: "\"") { isInString = true }
            result.append(byte)
        }
    }

    private func newLine(_ result: inout [UInt8]) {
        result.append(UInt8(ascii: "\n"))
        result.append(contentsOf: repeatElement(UInt8(ascii: " "), count: 4 * depth))
    }
}
