/// What is wrong with a file: all of it, so that nobody has to fix one mistake to hear of the next.
package final class YAMLMistakes {
    /// Mistakes that are told; the rest is counted.
    package static let maximumCount = 50

    /// The name of the file, as messages show it.
    package let file: String
    private var entries: [(line: Int, text: String)] = []

    package init(file: String) { self.file = file }

    package var isEmpty: Bool { entries.isEmpty }

    /// Notes a mistake; the same one twice counts once.
    ///
    /// - Parameters:
    ///   - path: the keys down to the value, as in `tracing.otlp.endpoint`; empty for the document.
    ///   - what: what was wrong.
    package func add(line: Int, path: String, _ what: String, expected: String? = nil, didYouMean: String? = nil) {
        var text = "\(file):\(line): "
        if !path.isEmpty { text += "\(path): " }
        text += what
        if let expected { text += "; expected \(expected)" }
        if let didYouMean { text += "; did you mean \(didYouMean)?" }
        text = Self.oneLine(text)
        guard !entries.contains(where: { $0.text == text }) else { return }
        entries.append((line, text))
    }

    /// Line breaks and other control characters, which texts of the file may have, as they are written in a text with escapes.
    private static func oneLine(_ text: String) -> String {
        guard text.unicodeScalars.contains(where: { $0.properties.generalCategory == .control }) else { return text }
        return text.unicodeScalars.reduce(into: "") { result, scalar in
            if scalar.properties.generalCategory == .control { result += scalar.escaped(asASCII: false) } else { result.unicodeScalars.append(scalar) }
        }
    }

    /// The messages in the order of the lines.
    package var messages: [String] {
        let sorted = entries.enumerated().sorted { ($0.element.line, $0.offset) < ($1.element.line, $1.offset) }.map(\.element.text)
        guard sorted.count > Self.maximumCount else { return sorted }
        return sorted.prefix(Self.maximumCount) + ["\(file): and \(sorted.count - Self.maximumCount) more"]
    }

    /// - Throws: one ``TracingConfigurationError`` with a line for each mistake.
    package func throwIfAny() throws(TracingConfigurationError) {
        guard !isEmpty else { return }
        throw TracingConfigurationError(code: .invalidFile, message: messages.joined(separator: "\n"))
    }
}
