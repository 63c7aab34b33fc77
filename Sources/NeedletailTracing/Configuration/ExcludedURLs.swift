/// Requests that are not traced: no span, no context. Used by middleware.
///
/// BentoML's rule (`excluded_urls`), which is also that of OpenTelemetry's Python instrumentation: a request is excluded when
/// one of the patterns, each a regular expression, is found anywhere in `scheme://host:port/path` (the host as the client sent
/// it, without the query). Upper and lower case differ. Found anywhere means that `docs` also excludes `/docs.json` and a
/// host `docs.example.com`; write `/docs$` to mean the one path.
///
/// Unlike there, an empty pattern is left out (there, `predict,` excludes everything), and a pattern that is found in the
/// empty text, as `a*` or `docs|`, is refused for the same reason.
///
/// Patterns have the syntax of Swift's `Regex`, which is Python's but for look-behind (`(?<=…)`, `(?<!…)`), conditions
/// (`(?(1)…)`) and the flags `a`, `L` and `u`: these are refused. A flag such as `(?i)` counts for its own pattern only.
/// Text without special characters, and with escaped ones as in `docs\.json`, is searched for without a regular expression:
/// some tens of nanoseconds for a request.
public struct ExcludedURLs: Hashable, Sendable {
    /// Patterns of one value.
    public static let maximumCount = 1_000
    /// Characters of one pattern.
    public static let maximumPatternLength = 512
    /// Bytes of a URL that are looked at.
    public static let maximumURLLength = 8_192

    /// The patterns as they were given, without blanks around them and without empty ones.
    public let patterns: [String]
    private let texts: TextSearch
    private let regexes: RegexSearch?

    /// Excludes nothing.
    public init() {
        patterns = []
        texts = TextSearch([])
        regexes = nil
    }

    /// Excludes what one of the patterns is found in.
    ///
    /// - Throws: ``TracingConfigurationError`` `.invalidPattern` for the first that is no regular expression.
    public init(_ patterns: [String]) throws(TracingConfigurationError) {
        let patterns = patterns.map { String($0.trimmingWhitespace()) }.filter { !$0.isEmpty }
        guard patterns.count <= Self.maximumCount else {
            throw TracingConfigurationError(
                code: .invalidPattern,
                message: "\(patterns.count) excluded URLs; expected \(Self.maximumCount) at most: join patterns that have a part in common"
            )
        }
        var texts: [[UInt8]] = []
        var regexes: [Regex<AnyRegexOutput>] = []
        for pattern in patterns {
            guard let text = Self.plainText(of: pattern) else {
                regexes.append(try Self.regex(pattern))
                continue
            }
            texts.append(text)
        }
        self.patterns = patterns
        self.texts = TextSearch(texts)
        self.regexes = regexes.isEmpty ? nil : RegexSearch(regexes)
    }

    /// Reads BentoML's form, as in `readyz,livez,metrics`. A pattern with a comma, as `a{1,2}`, needs ``init(_:)``.
    ///
    /// - Throws: ``TracingConfigurationError`` `.invalidPattern` for the first that is no regular expression.
    public init(commaSeparated text: String) throws(TracingConfigurationError) {
        try self.init(text.split(separator: ",").map(String.init))
    }

    /// Nothing is excluded.
    public var isEmpty: Bool { patterns.isEmpty }

    /// The request is not to be traced.
    ///
    /// - Parameter url: `scheme://host:port/path`, without the query.
    public func contains(_ url: String) -> Bool {
        guard !isEmpty else { return false }
        var url = url
        return url.withUTF8 { contains($0) }
    }

    /// The request is not to be traced; does not build the URL when all patterns are plain text.
    ///
    /// - Parameters:
    ///   - authority: the `Host` header or `:authority`.
    ///   - path: what follows; a query is left out.
    public func contains(scheme: String, authority: String, path: String) -> Bool {
        guard !isEmpty else { return false }
        var parts = (scheme + "://", authority, path)
        return parts.0.withUTF8 { scheme in
            parts.1.withUTF8 { authority in
                parts.2.withUTF8 { target in
                    let path = target[..<(target.firstIndex(of: UInt8(ascii: "?")) ?? target.endIndex)]
                    let count = scheme.count + authority.count + path.count
                    return withUnsafeTemporaryAllocation(of: UInt8.self, capacity: count) { url in
                        var end = url[...].initialize(fromContentsOf: scheme)
                        end = url[end...].initialize(fromContentsOf: authority)
                        _ = url[end...].initialize(fromContentsOf: path)
                        return contains(UnsafeBufferPointer(url))
                    }
                }
            }
        }
    }

    private func contains(_ url: UnsafeBufferPointer<UInt8>) -> Bool {
        let url = UnsafeBufferPointer(rebasing: url.prefix(Self.maximumURLLength))
        if texts.isFound(in: url) { return true }
        guard let regexes else { return false }
        return regexes.isFound(in: String(decoding: url, as: UTF8.self))
    }

    public static func == (lhs: ExcludedURLs, rhs: ExcludedURLs) -> Bool { lhs.patterns == rhs.patterns }

    public func hash(into hasher: inout Hasher) { hasher.combine(patterns) }

    // MARK: Patterns

    /// The text that a pattern stands for, when it is nothing but text.
    private static func plainText(of pattern: String) -> [UInt8]? {
        var result: [UInt8] = []
        var isEscaped = false
        for byte in pattern.utf8 {
            let isPunctuation = (0x21...0x7e).contains(byte) && !isLetterOrDigit(byte)
            if isEscaped {
                guard isPunctuation else { return nil }
                isEscaped = false
            } else if byte == UInt8(ascii: "\\") {
                isEscaped = true
                continue
            } else if ".^$*+?{}[]|()".utf8.contains(byte) {
                return nil
            }
            result.append(byte)
        }
        return isEscaped ? nil : result
    }

    private static func isLetterOrDigit(_ byte: UInt8) -> Bool {
        (0x30...0x39).contains(byte) || (0x41...0x5a).contains(byte & 0xdf)
    }

    private static func regex(_ pattern: String) throws(TracingConfigurationError) -> Regex<AnyRegexOutput> {
        func failure(_ reason: String) -> TracingConfigurationError {
            let shown = pattern.count > 80 ? pattern.prefix(80) + "…" : pattern[...]
            return TracingConfigurationError(code: .invalidPattern, message: "excluded URL \"\(shown)\": \(reason)")
        }
        // The compiler of regular expressions is recursive.
        guard pattern.count <= maximumPatternLength else {
            throw failure("has \(pattern.count) characters; expected \(maximumPatternLength) at most")
        }
        let regex: Regex<AnyRegexOutput>
        do {
            regex = try Regex(pattern).matchingSemantics(.unicodeScalar)
        } catch {
            throw failure("is no regular expression: \(error); a special character that stands for itself needs a \"\\\" before it")
        }
        // Also compiles it, so that matching only reads.
        guard (try? regex.firstMatch(in: "")) == nil else {
            throw failure("is found in every URL, since it is found in the empty text; to trace nothing set the sample rate to 0")
        }
        return regex
    }
}

extension StringProtocol {
    fileprivate func trimmingWhitespace() -> SubSequence {
        var result = self[...]
        while result.first?.isWhitespace == true { result.removeFirst() }
        while result.last?.isWhitespace == true { result.removeLast() }
        return result
    }
}
