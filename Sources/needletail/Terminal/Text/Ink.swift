internal import TraceQuery

/// A colour or weight of text: the parameters of a terminal's "select graphic rendition" sequence (ECMA-48, section 8.3.117).
struct Ink: Hashable, Sendable {
    var code: String

    static let bold = Ink(code: "1")
    static let dim = Ink(code: "2")
    static let error = Ink(code: "31")
    static let warning = Ink(code: "33")
    static let better = Ink(code: "32")

    /// One of the 256 colours that nearly every terminal has.
    static func palette(_ number: Int) -> Ink { Ink(code: "38;5;\(number)") }

    /// The colour of a service: each of a trace's first twelve services has its own, and a service mostly keeps its colour.
    static func services(_ names: Set<String>) -> [String: Ink] {
        let colours = [32, 166, 98, 36, 168, 100, 67, 134, 70, 131, 38, 137]
        var taken: Set<Int> = []
        var inks: [String: Ink] = [:]
        for name in names.sorted() {
            // FNV-1a: the standard hash changes from run to run.
            let hash = name.utf8.reduce(UInt64(0xcbf2_9ce4_8422_2325)) { ($0 ^ UInt64($1)) &* 0x100_0000_01b3 }
            var slot = Int(hash % UInt64(colours.count))
            while taken.count < colours.count, taken.contains(slot) { slot = (slot + 1) % colours.count }
            taken.insert(slot)
            inks[name] = palette(colours[slot])
        }
        return inks
    }
}

/// How a stage looks: a colour, and a pattern that tells it without colours.
struct StageLook {
    var pattern: Character
    var ink: Ink

    /// Waiting is light, work is dark. The colours are those of the page, in a terminal's palette.
    init(_ stage: Stage) {
        (pattern, ink) =
            switch stage {
            case .receive: ("▒", .palette(109))
            case .gateway: ("▓", .palette(60))
            case .network: ("░", .palette(243))
            case .queue: ("░", .palette(172))
            case .input: ("▓", .palette(140))
            case .infer: ("█", .palette(38))
            case .prefill: ("▓", .palette(69))
            case .decode: ("█", .palette(36))
            case .output: ("▓", .palette(98))
            case .send: ("▒", .palette(66))
            case .unaccounted: ("·", .palette(245))
            }
    }
}
