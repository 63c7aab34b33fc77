/// Reads protobuf's text format by a schema: `config.pbtxt`.
///
/// Comments, nested messages in `{}` or `<>` with and without a colon, lists, joined strings with all escapes, hexadecimal and octal
/// numbers, enumerations by name or number. Anything else is an error with its line and column.
struct ProtobufTextReader {
    /// Bytes that a configuration may have; 4 MiB.
    static let maximumSize = 4 << 20
    /// Messages within messages.
    static let maximumDepth = 32

    private var lexer: ProtobufTextLexer
    private var depth = 0

    /// Reads a whole configuration.
    ///
    /// - Parameter file: the name that errors begin with.
    static func read(_ text: [UInt8], file: String, schema: ConfigurationSchema = .model) throws(ConfigurationError) -> ConfigurationMessage {
        guard text.count <= maximumSize else {
            throw ConfigurationError(place: file, message: "a configuration has at most \(maximumSize) bytes, but this one has \(text.count)")
        }
        var reader = try ProtobufTextReader(lexer: ProtobufTextLexer(text, file: file))
        let message = try reader.readFields(schema, place: file, until: nil)
        return message
    }

    private init(lexer: ProtobufTextLexer) { self.lexer = lexer }

    /// Reads fields up to the closing bracket, or to the end of the text.
    private mutating func readFields(
        _ schema: ConfigurationSchema,
        place: String,
        until end: UInt8?
    ) throws(ConfigurationError) -> ConfigurationMessage {
        guard depth < Self.maximumDepth else {
            throw ConfigurationError(place: place, message: "messages are nested more than \(Self.maximumDepth) deep")
        }
        depth += 1
        defer { depth -= 1 }
        var message = ConfigurationMessage(place: place)
        while true {
            let token = lexer.token
            switch token.kind {
            case .end:
                guard end == nil else {
                    throw ConfigurationError(place: token.place, message: "the text ends, but the \(schema.name) message of \(place) is not closed")
                }
                return message
            case .punctuation(let mark) where mark == end:
                try lexer.advance()
                return message
            case .word(let name):
                try readField(name, schema: schema, into: &message)
            default:
                throw lexer.unexpected("the name of a field of \(schema.name)\(end.map { " or '\(Character(UnicodeScalar($0)))'" } ?? "")")
            }
        }
    }

    private mutating func readField(
        _ name: String,
        schema: ConfigurationSchema,
        into message: inout ConfigurationMessage
    ) throws(ConfigurationError) {
        let place = lexer.token.place
        let field = try schema.requireField(name, place: place)
        try schema.checkOnce(field, in: message, place: place)
        try lexer.advance()
        let hasColon = try lexer.skip(UInt8(ascii: ":"))
        if lexer.token.kind == .punctuation(UInt8(ascii: "[")) {
            guard field.isRepeated else {
                throw ConfigurationError(place: lexer.token.place, message: "'\(name)' takes one value, not a list: expected \(field.kind.expectation)")
            }
            message.touch(name, place: place)
            try readList(field, hasColon: hasColon, into: &message)
        } else {
            message.append(try readValue(field, hasColon: hasColon), to: name, place: place)
        }
        // Fields may be separated; usually they are not.
        if try !lexer.skip(UInt8(ascii: ",")) { _ = try lexer.skip(UInt8(ascii: ";")) }
    }

    private mutating func readList(
        _ field: ConfigurationSchema.Field,
        hasColon: Bool,
        into message: inout ConfigurationMessage
    ) throws(ConfigurationError) {
        try lexer.advance()
        if try lexer.skip(UInt8(ascii: "]")) { return }
        while true {
            let place = lexer.token.place
            message.append(try readValue(field, hasColon: hasColon), to: field.name, place: place)
            if try lexer.skip(UInt8(ascii: "]")) { return }
            guard try lexer.skip(UInt8(ascii: ",")) else { throw lexer.unexpected("',' or ']' in the list of '\(field.name)'") }
        }
    }

    private mutating func readValue(_ field: ConfigurationSchema.Field, hasColon: Bool) throws(ConfigurationError) -> ConfigurationValue {
        let token = lexer.token
        let kind = field.kind
        switch kind {
        case .message(let schema): return .message(try readMessage(schema, field: field))
        case .map(let key, let value):
            return .message(try readMessage(ConfigurationSchema.entry(key: key, value: value), field: field))
        default: break
        }
        guard hasColon else { throw lexer.unexpected("':' after '\(field.name)'") }
        switch (kind, token.kind) {
        case (.string, .string):
            return .string(try lexer.readStrings())
        case (.bool, .word(let word)):
            guard let value = ["true": true, "True": true, "t": true, "false": false, "False": false, "f": false][word] else { break }
            try lexer.advance()
            return .bool(value)
        case (.bool, .number), (.integer, .number), (.number, .number), (.enumeration, .number):
            return try readNumber(kind, negative: false)
        case (.integer, .punctuation(UInt8(ascii: "-"))), (.number, .punctuation(UInt8(ascii: "-"))):
            try lexer.advance()
            return try readNumber(kind, negative: true)
        case (.number, .word(let word)):
            guard let value = Self.named(word) else { break }
            try lexer.advance()
            return .number(value)
        case (.enumeration(let names), .word(let word)):
            let value = try kind.enumerationValue(word, names: names, place: token.place)
            try lexer.advance()
            return value
        default: break
        }
        throw lexer.unexpected("\(kind.expectation) for '\(field.name)'")
    }

    private mutating func readMessage(
        _ schema: ConfigurationSchema,
        field: ConfigurationSchema.Field
    ) throws(ConfigurationError) -> ConfigurationMessage {
        let place = lexer.token.place
        if try lexer.skip(UInt8(ascii: "{")) { return try readFields(schema, place: place, until: UInt8(ascii: "}")) }
        if try lexer.skip(UInt8(ascii: "<")) { return try readFields(schema, place: place, until: UInt8(ascii: ">")) }
        throw lexer.unexpected("\(field.kind.expectation) for '\(field.name)'")
    }

    private static func named(_ word: String) -> Double? {
        switch word.lowercased() {
        case "inf", "infinity", "inff", "infinityf": .infinity
        case "nan", "nanf": .nan
        default: nil
        }
    }

    private mutating func readNumber(_ kind: ConfigurationSchema.Kind, negative: Bool) throws(ConfigurationError) -> ConfigurationValue {
        let token = lexer.token
        if case .word(let word) = token.kind, case .number = kind, let value = Self.named(word) {
            try lexer.advance()
            return .number(-value)
        }
        guard case .number(let text) = token.kind else { throw lexer.unexpected(kind.expectation) }
        func wrong() -> ConfigurationError {
            ConfigurationError(place: token.place, message: "expected \(kind.expectation), got '\(negative ? "-" : "")\(text.prefix(64))'")
        }
        let value: ConfigurationValue
        switch kind {
        case .number:
            guard let number = ProtobufTextLexer.floatingPoint(text) else { throw wrong() }
            value = .number(negative ? -number : number)
        case .bool:
            guard let number = ProtobufTextLexer.integer(text, negative: negative), number == 0 || number == 1 else { throw wrong() }
            value = .bool(number == 1)
        case .enumeration(let names):
            guard let number = ProtobufTextLexer.integer(text, negative: negative), names.indices.contains(Int(number)) else { throw wrong() }
            value = .name(names[Int(number)])
        case .integer(let range):
            guard let number = ProtobufTextLexer.integer(text, negative: negative) else { throw wrong() }
            value = try kind.integerValue(number, range: range, place: token.place)
        default: throw wrong()
        }
        try lexer.advance()
        return value
    }
}
