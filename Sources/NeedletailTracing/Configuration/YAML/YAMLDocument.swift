internal import TraceModel
internal import Yams

/// A configuration file, read and bounded: its size, its depth, and what its aliases stand for.
package struct YAMLDocument: Sendable {
    /// Bytes of a file.
    package static let maximumSize = 1 << 20
    /// Mappings and lists in one another.
    package static let maximumDepth = 64
    /// Values, with those that aliases and merge keys stand for.
    package static let maximumValues = 100_000

    /// The name for messages.
    package let file: String
    /// `nil` when there is nothing but comments.
    package let root: YAMLValue?

    /// Reads a file.
    ///
    /// - Throws: ``TracingConfigurationError`` `.invalidFile` for one that cannot be read or is no YAML.
    package init(path: String) throws(TracingConfigurationError) {
        let bytes: [UInt8]
        do {
            bytes = try BoundedFile.read(path, maximumSize: Self.maximumSize)
        } catch {
            throw TracingConfigurationError(code: .invalidFile, message: "\(path): \(error)")
        }
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw TracingConfigurationError(code: .invalidFile, message: "\(path): is no UTF-8 text; expected a YAML file")
        }
        try self.init(text: text, file: path)
    }

    /// Parses text.
    ///
    /// - Parameter file: the name for messages.
    /// - Throws: ``TracingConfigurationError`` `.invalidFile` with the line.
    package init(text: String, file: String) throws(TracingConfigurationError) {
        self.file = file
        do {
            guard text.utf8.count <= Self.maximumSize else {
                throw Refusal(line: 1, reason: "is longer than \(Self.maximumSize) bytes; expected a configuration file")
            }
            if let line = YAMLAliases.firstExcess(in: text) {
                throw Refusal(line: line, reason: "more than \(YAMLAliases.maximumElsewhere) aliases (\"*name\"); write the values out")
            }
            // The basic resolver: what a scalar is, is found out when it is asked for.
            let node = try Parser(yaml: text, resolver: .basic, encoding: .utf8).singleRoot()
            var converter = YAMLConverter()
            root = try node.map { node throws(Refusal) in try converter.value(node, depth: 0) }
        } catch {
            throw TracingConfigurationError(code: .invalidFile, message: Self.message(error, text: text, file: file))
        }
    }

    /// Why a text is not read.
    package struct Refusal: Error {
        var line: Int
        var reason: String
    }

    private static func message(_ error: any Error, text: String, file: String) -> String {
        switch error {
        case let refusal as Refusal:
            return "\(file):\(refusal.line): \(refusal.reason)"
        case YamlError.scanner(let context, let problem, let mark, _), YamlError.parser(let context, let problem, let mark, _),
            YamlError.composer(let context, let problem, let mark, _):
            let begin = context.map { ", \($0.text.trimmingBlanks()) that begins in line \($0.mark.line)" } ?? ""
            return "\(file):\(mark.line): is not valid YAML at column \(mark.column): \(problem)\(begin)"
        case YamlError.reader(let problem, let offset, _, _):
            let line = offset.map { text.prefix($0).utf8.count { $0 == UInt8(ascii: "\n") } + 1 } ?? 1
            return "\(file):\(line): is not valid YAML: \(problem); expected printable UTF-8 text"
        case YamlError.duplicatedKeysInMapping(let duplicates, let context):
            let names = duplicates.map { "\"\($0)\"" }.joined(separator: ", ")
            let others = laterLines(of: duplicates.first ?? "", like: context.mark, in: text)
            let place = others.isEmpty ? "" : ", again in line \(others.map(String.init).joined(separator: ", "))"
            return "\(file):\(context.mark.line): duplicate key \(names)\(place); expected each key once in its mapping"
        default:
            return "\(file): is not valid YAML: \(error)"
        }
    }

    /// Where a key of a block mapping comes again: at the same column, as long as no line is indented less.
    private static func laterLines(of key: String, like mark: Mark, in text: String) -> [Int] {
        var result: [Int] = []
        for (index, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated().dropFirst(mark.line) {
            let indentation = line.prefix { $0 == " " }.count
            let content = line.dropFirst(indentation)
            if content.isEmpty || content.hasPrefix("#") { continue }
            if indentation < mark.column - 1 { break }
            if indentation == mark.column - 1, content.hasPrefix(key), content.dropFirst(key.count).trimmingBlanks().hasPrefix(":") {
                result.append(index + 1)
            }
        }
        return result
    }
}
