internal import ArgumentParser
internal import TraceModel

/// How long spans are kept: `72h`, `7d`, or `off` for ever.
enum RetentionAge: Hashable, ExpressibleByArgument {
    case seconds(UInt64)
    case off

    /// Shorter would drop spans before anybody has looked at them.
    static let minimumSeconds: UInt64 = 60

    init?(argument: String) {
        if argument.lowercased() == "off" {
            self = .off
        } else if let nanoseconds = GoDuration.nanoseconds(argument) {
            self = .seconds(nanoseconds / 1_000_000_000)
        } else {
            return nil
        }
    }

    var seconds: UInt64? {
        switch self {
        case .seconds(let seconds): seconds
        case .off: nil
        }
    }

    var defaultValueDescription: String {
        guard let seconds else { return "off" }
        return seconds % 86_400 == 0 ? "\(seconds / 86_400)d" : "\(seconds)s"
    }
}

/// How much the trace database may take: `10GiB`, `500MB`, a share of the disk such as `80%`, or `off`.
enum RetentionSize: Hashable, ExpressibleByArgument {
    case bytes(Int)
    /// Of what the database takes and what is free, when the program starts.
    case percent(Int)
    case off

    /// Partitions of an eighth of less than this would be tiny.
    static let minimumBytes = 16 << 20

    private static let units: [String: Double] = [
        "": 1, "b": 1, "kb": 1e3, "mb": 1e6, "gb": 1e9, "tb": 1e12,
        "kib": 1024, "mib": 1_048_576, "gib": 1_073_741_824, "tib": 1_099_511_627_776,
    ]

    init?(argument: String) {
        let text = argument.lowercased()
        if text == "off" {
            self = .off
            return
        }
        let digits = text.prefix { $0.isASCII && $0.isNumber || $0 == "." }
        guard let number = Double(digits), number.isFinite else { return nil }
        let unit = text.dropFirst(digits.count).drop { $0 == " " }
        if unit == "%" {
            guard let percent = Int(digits), (1...100).contains(percent) else { return nil }
            self = .percent(percent)
            return
        }
        guard let factor = Self.units[String(unit)], number * factor < Double(Int.max / 2) else { return nil }
        self = .bytes(Int(number * factor))
    }

    var defaultValueDescription: String {
        switch self {
        case .bytes(let bytes): "\(bytes)B"
        case .percent(let percent): "\(percent)%"
        case .off: "off"
        }
    }
}
