extension StringProtocol {
    /// Without spaces and tabs at both ends: the optional white space of HTTP header fields (RFC 9110, section 5.6.3).
    package func trimmingBlanks() -> SubSequence {
        var result = self[...]
        while let first = result.first, first == " " || first == "\t" { result.removeFirst() }
        while let last = result.last, last == " " || last == "\t" { result.removeLast() }
        return result
    }
}
