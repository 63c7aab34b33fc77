/// Puts environment variables into a file's values: `${NAME}`, `${env:NAME}` and `${NAME:-default}`; `$$` is one `$`
/// (OpenTelemetry specification, "Declarative configuration", "Environment variable substitution").
///
/// A variable that is not set or empty is its default, or nothing. What is put in is not looked at again.
package struct EnvironmentSubstitution: Sendable {
    let environment: [String: String]
    /// `${file:PATH}` is the text of a file without the line break at its end, as the OpenTelemetry Collector has it.
    let readsFiles: Bool

    package init(environment: [String: String], readsFiles: Bool = false) {
        self.environment = environment
        self.readsFiles = readsFiles
    }

    /// The dialect of declarative configuration files; wrong references are mistakes of the value.
    package var dialect: YAMLDialect {
        YAMLDialect(substitute: { text, place in
            apply(to: text) { place.mistake($0, expected: "${NAME} or ${NAME:-default}, or $$ for a \"$\"") }
        })
    }

    func apply(to text: String, mistake: (String) -> Void) -> String {
        guard text.utf8.contains(UInt8(ascii: "$")) else { return text }
        var result = ""
        var rest = Substring(text)
        while let dollar = rest.firstIndex(of: "$") {
            result += rest[..<dollar]
            rest = rest[rest.index(after: dollar)...]
            if rest.first == "$" {
                result += "$"
                rest.removeFirst()
            } else if rest.first == "{" {
                guard let end = rest.firstIndex(of: "}") else {
                    mistake("\"${\" without \"}\"")
                    return text
                }
                let reference = rest[rest.index(after: rest.startIndex)..<end]
                rest = rest[rest.index(after: end)...]
                do throws(BoundedFile.Failure) {
                    guard let value = try value(of: reference) else {
                        mistake("\"${\(reference)}\" is no reference to an environment variable")
                        return text
                    }
                    result += value
                } catch {
                    mistake("\"${\(reference)}\": \(error)")
                    return text
                }
            } else {
                result += "$"
            }
        }
        return result + rest
    }

    private func value(of reference: Substring) throws(BoundedFile.Failure) -> String? {
        if readsFiles, reference.hasPrefix("file:") {
            let bytes = try BoundedFile.read(String(reference.dropFirst(5)), maximumSize: YAMLDocument.maximumSize)
            return String(decoding: bytes, as: UTF8.self).trimmingLineBreaks()
        }
        var name = reference.hasPrefix("env:") ? reference.dropFirst(4) : reference
        var fallback = ""
        if let separator = name.firstRange(of: ":-") {
            fallback = String(name[separator.upperBound...])
            name = name[..<separator.lowerBound]
        }
        guard let first = name.utf8.first, Self.isLetter(first), name.utf8.allSatisfy({ Self.isLetter($0) || (0x30...0x39).contains($0) }) else {
            return nil
        }
        return environment[String(name)].flatMap { $0.isEmpty ? nil : $0 } ?? fallback
    }

    private static func isLetter(_ byte: UInt8) -> Bool { byte == UInt8(ascii: "_") || (0x41...0x5a).contains(byte & 0xdf) }
}

extension String {
    fileprivate func trimmingLineBreaks() -> String {
        var text = Substring(self)
        while text.last?.isNewline == true { text.removeLast() }
        return String(text)
    }
}
