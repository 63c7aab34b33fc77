/// Names as Prometheus takes them: letters, digits and `_`, no digit in front; metrics also `:`.
package enum MetricName {
    /// A metric's name; every other character becomes `_`.
    package static func metric(_ name: String) -> String { fit(name, alsoColon: true) }

    /// A label's name. Those that Prometheus or a histogram uses itself get a `_` behind.
    package static func label(_ name: String) -> String {
        let fitted = fit(name, alsoColon: false)
        if fitted == "le" || fitted == "quantile" { return fitted + "_" }
        return fitted.hasPrefix("__") ? "label" + fitted : fitted
    }

    private static func fit(_ name: String, alsoColon: Bool) -> String {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(name.utf8.count + 1)
        for byte in name.utf8 {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "_"):
                bytes.append(byte)
            case UInt8(ascii: "0")...UInt8(ascii: "9"):
                if bytes.isEmpty { bytes.append(UInt8(ascii: "_")) }
                bytes.append(byte)
            case UInt8(ascii: ":") where alsoColon:
                bytes.append(byte)
            case 0x80..<0xc0:
                // The rest of a character that has become `_` already.
                continue
            default:
                bytes.append(UInt8(ascii: "_"))
            }
        }
        return bytes.isEmpty ? "_" : String(decoding: bytes, as: UTF8.self)
    }
}
