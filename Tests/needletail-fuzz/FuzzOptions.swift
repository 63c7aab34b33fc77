import Foundation

/// What the command line says.
struct FuzzOptions: Sendable {
    /// For each target.
    var seconds = 20
    var seed: UInt64 = 1
    /// Targets at a time.
    var jobs = max(1, ProcessInfo.processInfo.activeProcessorCount)
    /// Where inputs are kept.
    var folder = "."
    /// A file to feed again.
    var replay: String?
    var listsTargets = false
    /// This process feeds one target, and another one watches it.
    var isChild = false
    var names: [String] = []

    init(_ words: ArraySlice<String>, fail: (String) -> Never) {
        var words = words
        func number(_ option: String, _ range: ClosedRange<Int>) -> Int {
            let text = words.popFirst() ?? ""
            guard let number = Int(text), range.contains(number) else { fail("\(option) expects a number from \(range.lowerBound) to \(range.upperBound), not \"\(text)\"") }
            return number
        }
        func text(_ option: String) -> String {
            guard let text = words.popFirst() else { fail("\(option) expects a path") }
            return text
        }
        while let word = words.popFirst() {
            switch word {
            case "--seconds": seconds = number(word, 1...86_400)
            case "--seed": seed = UInt64(number(word, 0...Int.max))
            case "--jobs": jobs = number(word, 1...256)
            case "--folder": folder = text(word)
            case "--replay": replay = text(word)
            case "--list": listsTargets = true
            case "--child": isChild = true
            case _ where word.hasPrefix("-"): fail("there is no option \(word)")
            default: names.append(word)
            }
        }
    }

    func input(of name: String) -> String { "\(folder)/fuzz-\(name).input" }

    func advice(_ name: String) -> String {
        "The input is in \(input(of: name)); again: \(CommandLine.arguments[0]) --replay \(input(of: name)) \(name)"
    }
}
