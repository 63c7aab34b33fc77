/// Finds one of several regular expressions.
final class RegexSearch: @unchecked Sendable {
    // `Regex` is not Sendable because it may hold closures of the program's; one made from text has none, and it was compiled
    // when it was made, so that matching changes nothing.
    private let regexes: [Regex<AnyRegexOutput>]

    init(_ regexes: [Regex<AnyRegexOutput>]) { self.regexes = regexes }

    func isFound(in text: String) -> Bool {
        // What a match may throw comes from closures, and there are none.
        regexes.contains { ((try? $0.firstMatch(in: text)) ?? nil) != nil }
    }
}
