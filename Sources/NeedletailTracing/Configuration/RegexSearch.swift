/// Finds one of several regular expressions.
package final class RegexSearch: @unchecked Sendable {
    // `Regex` is not Sendable because it may hold closures of the program's; one made from text has none, and it was compiled
    // when it was made, so that matching changes nothing.
    private let regexes: [Regex<AnyRegexOutput>]

    package init(_ regexes: [Regex<AnyRegexOutput>]) { self.regexes = regexes }

    package func isFound(in text: String) -> Bool {
        // What a match may throw comes from closures, and there are none.
        regexes.contains { ((try? $0.firstMatch(in: text)) ?? nil) != nil }
    }
}
