internal import Synchronization

/// `\p{…}`: general categories and a few scripts, computed once from Swift's own tables.
enum RegexUnicodeClass {
    private static let cache = Mutex<[String: [ClosedRange<UInt32>]]>([:])

    private static let scripts: [String: [ClosedRange<UInt32>]] = [
        "Latin": [0x41...0x5A, 0x61...0x7A, 0xAA...0xAA, 0xBA...0xBA, 0xC0...0xD6, 0xD8...0xF6, 0xF8...0x2B8, 0x1E00...0x1EFF],
        "Greek": [0x370...0x373, 0x375...0x377, 0x37A...0x37D, 0x37F...0x37F, 0x384...0x384, 0x386...0x386, 0x388...0x3E1, 0x3F0...0x3FF, 0x1F00...0x1FFE],
        "Cyrillic": [0x400...0x484, 0x487...0x52F],
        "Han": [0x2E80...0x2FD5, 0x3005...0x3005, 0x3007...0x3007, 0x3021...0x3029, 0x3400...0x4DBF, 0x4E00...0x9FFF, 0xF900...0xFAD9, 0x20000...0x323AF],
    ]

    /// - Returns: `nil` for an unknown name.
    static func ranges(_ name: String) -> [ClosedRange<UInt32>]? {
        if name == "Any" { return RegexRanges.all }
        if let script = scripts[name] { return script }
        guard name.count <= 2, let first = name.first, "LMNPSZC".contains(first) else { return nil }
        return cache.withLock { cache in
            if let known = cache[name] { return known }
            var ranges: [ClosedRange<UInt32>] = []
            var start: UInt32?
            for value in 0...RegexRanges.last + 1 {
                let isMember = Unicode.Scalar(value).map { category($0).hasPrefix(name) } ?? false
                if isMember, start == nil { start = value }
                if !isMember, let begin = start {
                    ranges.append(begin...value - 1)
                    start = nil
                }
            }
            guard !ranges.isEmpty else { return nil }
            cache[name] = ranges
            return ranges
        }
    }

    private static func category(_ scalar: Unicode.Scalar) -> String {
        switch scalar.properties.generalCategory {
        case .uppercaseLetter: "Lu"
        case .lowercaseLetter: "Ll"
        case .titlecaseLetter: "Lt"
        case .modifierLetter: "Lm"
        case .otherLetter: "Lo"
        case .nonspacingMark: "Mn"
        case .spacingMark: "Mc"
        case .enclosingMark: "Me"
        case .decimalNumber: "Nd"
        case .letterNumber: "Nl"
        case .otherNumber: "No"
        case .connectorPunctuation: "Pc"
        case .dashPunctuation: "Pd"
        case .openPunctuation: "Ps"
        case .closePunctuation: "Pe"
        case .initialPunctuation: "Pi"
        case .finalPunctuation: "Pf"
        case .otherPunctuation: "Po"
        case .mathSymbol: "Sm"
        case .currencySymbol: "Sc"
        case .modifierSymbol: "Sk"
        case .otherSymbol: "So"
        case .spaceSeparator: "Zs"
        case .lineSeparator: "Zl"
        case .paragraphSeparator: "Zp"
        case .control: "Cc"
        case .format: "Cf"
        case .surrogate: "Cs"
        case .privateUse: "Co"
        case .unassigned: "Cn"
        @unknown default: "Cn"
        }
    }
}
