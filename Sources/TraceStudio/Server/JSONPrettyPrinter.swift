/// Indents compact JSON, as Jaeger's `prettyPrint=true` does: four blanks a level.
enum JSONPrettyPrinter {
    /// - Parameter json: Valid JSON without blanks between its parts.
    static func indent(_ json: [UInt8]) -> [UInt8] {
        var result: [UInt8] = []
        result.reserveCapacity(json.count * 2)
        var depth = 0
        var isInString = false
        var isEscaped = false
        func newLine() {
            result.append(UInt8(ascii: "\n"))
            result.append(contentsOf: repeatElement(UInt8(ascii: " "), count: 4 * depth))
        }
        for (index, byte) in json.enumerated() {
            if isInString {
                result.append(byte)
                if isEscaped {
                    isEscaped = false
                } else if byte == UInt8(ascii: "\\") {
                    isEscaped = true
                } else if byte == UInt8(ascii: "\"") {
                    isInString = false
                }
                continue
            }
            switch byte {
            case UInt8(ascii: "{"), UInt8(ascii: "["):
                result.append(byte)
                let closing = byte == UInt8(ascii: "{") ? UInt8(ascii: "}") : UInt8(ascii: "]")
                // An empty object or array stays on its line.
                if index + 1 < json.count, json[index + 1] == closing { continue }
                depth += 1
                newLine()
            case UInt8(ascii: "}"), UInt8(ascii: "]"):
                let opening = byte == UInt8(ascii: "}") ? UInt8(ascii: "{") : UInt8(ascii: "[")
                if index > 0, json[index - 1] == opening {
                    result.append(byte)
                } else {
                    depth -= 1
                    newLine()
                    result.append(byte)
                }
            case UInt8(ascii: ","):
                result.append(byte)
                newLine()
            case UInt8(ascii: ":"):
                result.append(byte)
                result.append(UInt8(ascii: " "))
            default:
                if byte == UInt8(ascii: "\"") { isInString = true }
                result.append(byte)
            }
        }
        return result
    }
}
