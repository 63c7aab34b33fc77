package import JSONCoding

/// A model configuration as JSON, as load requests bring it along and `/config` gives it: protobuf's JSON with the field names of the schema.
enum ConfigurationJSON {
    /// Reads a whole configuration.
    ///
    /// - Parameter name: what errors begin with, `config` for example.
    static func read(_ text: String, name: String, schema: ConfigurationSchema = .model) throws(ConfigurationError) -> ConfigurationMessage {
        guard text.utf8.count <= ProtobufTextReader.maximumSize else {
            throw ConfigurationError(place: name, message: "a configuration has at most \(ProtobufTextReader.maximumSize) bytes, but this one has \(text.utf8.count)")
        }
        let value: JSONValue
        do {
            value = try JSONValue.parse(text, maximumDepth: ProtobufTextReader.maximumDepth)
        } catch {
            throw ConfigurationError(place: name, message: "is not valid JSON: \(error)")
        }
        return try message(value, schema: schema, place: name)
    }

    private static func message(_ value: JSONValue, schema: ConfigurationSchema, place: String) throws(ConfigurationError) -> ConfigurationMessage {
        guard let object = value.objectValue else { throw wrong(value, .message(schema), place) }
        var message = ConfigurationMessage(place: place)
        for member in object.members where member.value != .null {
            let here = "\(place).\(member.name.prefix(64))"
            let name = schema.field(named: member.name) == nil ? snakeCase(member.name) : member.name
            let field = try schema.requireField(name, place: here)
            try schema.checkOnce(field, in: message, place: here)
            if case .map(let key, let value) = field.kind {
                try readMap(member.value, key: key, value: value, field: field, place: here, into: &message)
            } else if field.isRepeated {
                guard let elements = member.value.arrayValue else {
                    throw ConfigurationError(place: here, message: "expected a list, got \(text(of: member.value))")
                }
                message.touch(name, place: here)
                for (index, element) in elements.enumerated() {
                    let place = "\(here)[\(index)]"
                    message.append(try self.value(element, field.kind, place: place), to: name, place: place)
                }
            } else {
                message.append(try self.value(member.value, field.kind, place: here), to: name, place: here)
            }
        }
        return message
    }

    private static func readMap(
        _ value: JSONValue,
        key: ConfigurationSchema.Kind,
        value kind: ConfigurationSchema.Kind,
        field: ConfigurationSchema.Field,
        place: String,
        into message: inout ConfigurationMessage
    ) throws(ConfigurationError) {
        guard let entries = value.objectValue else {
            throw ConfigurationError(place: place, message: "expected an object, got \(text(of: value))")
        }
        message.touch(field.name, place: place)
        for entry in entries.members {
            let here = "\(place).\(entry.name.prefix(64))"
            var pair = ConfigurationMessage(place: here)
            pair.append(try self.value(key.isInteger ? .number(entry.name) : .string(entry.name), key, place: here), to: "key", place: here)
            pair.append(try self.value(entry.value, kind, place: here), to: "value", place: here)
            message.append(.message(pair), to: field.name, place: place)
        }
    }

    private static func value(_ value: JSONValue, _ kind: ConfigurationSchema.Kind, place: String) throws(ConfigurationError) -> ConfigurationValue {
        switch (kind, value) {
        case (.string, .string(let text)): return .string(text)
        case (.bool, .bool(let value)): return .bool(value)
        case (.integer(let range), .number(let text)), (.integer(let range), .string(let text)):
            // Protobuf's JSON has 64-bit numbers as strings; `8.0` is a whole number too.
            if let number = Int64(text) ?? Double(text).flatMap({ Int64(exactly: $0) }) {
                return try kind.integerValue(number, range: range, place: place)
            }
        case (.number, .number(let text)):
            if let number = Double(text) { return .number(number) }
        case (.number, .string(let text)) where ["NaN", "Infinity", "-Infinity"].contains(text):
            return .number(text == "NaN" ? .nan : text == "Infinity" ? .infinity : -.infinity)
        case (.enumeration(let names), .string(let text)):
            return try kind.enumerationValue(text, names: names, place: place)
        case (.enumeration(let names), .number(let text)):
            if let index = Int(text), names.indices.contains(index) { return .name(names[index]) }
        case (.message(let schema), _):
            return .message(try message(value, schema: schema, place: place))
        default: break
        }
        throw wrong(value, kind, place)
    }

    private static func wrong(_ value: JSONValue, _ kind: ConfigurationSchema.Kind, _ place: String) -> ConfigurationError {
        let expected =
            switch kind {
            case .string: "a string"
            case .message(let schema): "an object with the fields of \(schema.name)"
            default: kind.expectation
            }
        return ConfigurationError(place: place, message: "expected \(expected), got \(text(of: value))")
    }

    private static func text(of value: JSONValue) -> String {
        switch value {
        case .object: "an object"
        case .array: "a list"
        default: String(decoding: value.bytes.prefix(64), as: UTF8.self)
        }
    }

    /// Protobuf's JSON takes `maxBatchSize` for `max_batch_size`.
    private static func snakeCase(_ name: String) -> String {
        var result = ""
        for letter in name {
            if letter.isUppercase { result += "_" + letter.lowercased() } else { result.append(letter) }
        }
        return result
    }

    // MARK: Writing

    /// A message as JSON, without defaults.
    static func json(_ message: ConfigurationMessage, schema: ConfigurationSchema) -> JSONValue {
        var object = JSONObject()
        for field in message.fields {
            guard let declared = schema.field(named: field.name) else { continue }
            let value: JSONValue
            if case .map(_, let kind) = declared.kind {
                var entries = JSONObject()
                for case .message(let entry) in field.values {
                    guard let entryValue = entry.value("value") else { continue }
                    let key = entry.string("key") ?? entry.integer("key").map(String.init) ?? ""
                    entries.members.append(.init(name: key, value: json(entryValue, kind: kind)))
                }
                value = .object(entries)
            } else if declared.isRepeated {
                value = .array(field.values.map { json($0, kind: declared.kind) })
            } else {
                value = field.values.last.map { json($0, kind: declared.kind) } ?? .null
            }
            object.members.append(.init(name: field.name, value: value))
        }
        return .object(object)
    }

    private static func json(_ value: ConfigurationValue, kind: ConfigurationSchema.Kind) -> JSONValue {
        switch (value, kind) {
        case (.message(let message), .message(let schema)): json(message, schema: schema)
        case (.string(let text), _), (.name(let text), _): .string(text)
        case (.bool(let value), _): .bool(value)
        case (.integer(let value), _): .number(String(value))
        case (.number(let value), _): value.isFinite ? .number("\(value)") : .string(value.isNaN ? "NaN" : value < 0 ? "-Infinity" : "Infinity")
        case (.message, _): .null
        }
    }
}

extension ConfigurationSchema.Kind {
    fileprivate var isInteger: Bool {
        if case .integer = self { true } else { false }
    }
}

extension ConfigurationMessage {
    /// A field of a model configuration as protobuf's JSON; `nil` when it is not given.
    package func json(_ field: String) -> JSONValue? {
        var part = ConfigurationMessage(place: place)
        part.fields = fields.filter { $0.name == field }
        return ConfigurationJSON.json(part, schema: .model)[field]
    }
}
