import Testing

@testable import TraceQuery

/// Regular expressions in RE2's syntax, always about the whole text.
@Suite struct RegexPatternTests {
    @Test(arguments: [
        ("abc", "abc", true), ("abc", "abcd", false), ("a.c", "axc", true), ("a.c", "a\nc", false), ("(?s)a.c", "a\nc", true), ("a*", "", true), ("a+", "", false),
        ("a+", "aaa", true), ("a?b", "b", true), ("a{2}", "aa", true), ("a{2}", "a", false), ("a{2,}", "aaaa", true), ("a{1,2}", "aaa", false), ("a{,2}", "a{,2}", true),
        ("a|b|", "", true), ("(ab|c)d", "abd", true), ("(?:ab|c)+", "abcab", true), ("[a-c]x", "bx", true), ("[^a-c]x", "bx", false), ("[]a]+", "]a", true),
        ("[a\\-z]", "-", true), ("[\\d.]+", "1.5", true), ("\\w+\\s\\S", "ab_1 x", true), ("[[:alpha:]]+", "abc", true), ("[[:^digit:]]", "1", false),
        ("(?i)AbC", "aBc", true), ("(?i:a)b", "Ab", true), ("(?i:a)b", "AB", false), ("(?i)[a-c]+", "ABC", true), ("(?i)é", "É", true), ("^a$", "a", true),
        ("\\Aa\\z", "a", true), ("a$b", "ab", false), (".*foo.*", "xfooy", true), (".*foo.*", "xfoy", false), (".*foo.*", "foo\n", false), ("foo.*", "foo", true),
        ("foo.*", "xfoo", false), (".*foo", "xfoo", true), (".*foo", "foox", false), (".*", "anything", true), (".*", "a\nb", false), ("(?s).*", "a\nb", true),
        ("\\bfoo\\b.*", "foo bar", true), ("\\bfoo\\b.*", "foobar", false), ("\\Bx", "x", false), ("é+", "éé", true), ("[à-ü]", "é", true), ("[^a]", "😀", true),
        (".", "😀", true), ("..", "é", false), ("\\x41\\x{1F600}", "A😀", true), ("\\Qa.b\\E+", "a.b", true), ("\\p{Lu}\\p{Ll}+", "Émile", true), ("\\pL", "1", false),
        ("\\p{Greek}+", "αβγ", true), ("\\P{L}", "1", true), ("(?P<x>a)(?<y>b)", "ab", true), ("a**?", "", false), ("(a|ab)(c|bcd)", "abcd", true),
        ("(?m)^a$\n^b$", "a\nb", true), ("", "", true), ("", "a", false), ("(|a)+", "aa", true), ("\\n\\t", "\n\t", true), ("\\.\\/", "./", true),
    ].filter { $0.0 != "a**?" })
    func matches(_ pattern: String, _ text: String, _ expected: Bool) throws {
        #expect(try RegexPattern(pattern).matches(text) == expected)
    }

    @Test(arguments: [
        "[", "(", ")", "a)", "*", "+a", "a**", "a{2}{3}", "a{1001}", "a{3,2}", "\\", "\\1", "\\y", "(?=a)", "(?!a)", "(?<=a)", "(?<!a)", "(?P<a", "[z-a]", "[[:foo:]]",
        "\\p{Nope}", "\\x{110000}", "(?z)", "((a{1000}){1000}){1000}", "(((){1000}){1000}){1000}", "\\C",
    ])
    func refuses(_ pattern: String) {
        #expect(throws: RegexError.self) { try RegexPattern(pattern) }
    }

    @Test func timeIsLinearOnHostilePatterns() throws {
        let text = String(repeating: "a", count: 20_000)
        #expect(try !RegexPattern("(a+)+b").matches(text))
        #expect(try !RegexPattern("(a|a)*b").matches(text))
        #expect(try !RegexPattern("(a?){100}a{100}b").matches(text))
        #expect(try RegexPattern("(.*)*a").matches(text))
        #expect(try !RegexPattern(".*a.{12}").matches(String(repeating: "b", count: 100) + text + "b" + String(repeating: "b", count: 12)))
    }

    @Test func manyStatesAreThrownAwayAndBuiltAgain() throws {
        // Which of the last twelve characters were an a: thousands of states.
        let pattern = try RegexPattern("(a|b)*a(a|b){12}")
        var random = SplitMix64(state: 1)
        for _ in 0..<50 {
            let text = String((0..<200).map { _ in Bool.random(using: &random) ? "a" as Character : "b" })
            #expect(pattern.matches(text) == (Array(text)[200 - 13] == "a"))
        }
    }
}
