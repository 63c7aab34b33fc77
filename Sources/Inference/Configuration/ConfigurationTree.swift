/// A value of a model configuration, checked against the schema.
package enum ConfigurationValue: Hashable, Sendable {
    case string(String)
    case bool(Bool)
    case integer(Int64)
    case number(Double)
    /// The name of an enumeration's value.
    case name(String)
    case message(ConfigurationMessage)
}

/// A message of a model configuration: its fields in the order of the source.
package struct ConfigurationMessage: Hashable, Sendable {
    package struct Field: Hashable, Sendable {
        package var name: String
        /// One value, or any number of a repeated field. A map has messages of `key` and `value`.
        package var values: [ConfigurationValue]
        /// Where it stands first, for error messages: `config.pbtxt:3:5`.
        package var place: String
    }

    package var fields: [Field] = []
    /// Where the message begins, for error messages.
    package var place: String

    package init(place: String) { self.place = place }

    package subscript(name: String) -> Field? { fields.first { $0.name == name } }

    /// The value of a field that is not repeated.
    func value(_ name: String) -> ConfigurationValue? { self[name]?.values.last }

    func string(_ name: String) -> String? {
        if case .string(let text)? = value(name) { text } else { nil }
    }

    func bool(_ name: String) -> Bool? {
        if case .bool(let value)? = value(name) { value } else { nil }
    }

    func integer(_ name: String) -> Int64? {
        if case .integer(let value)? = value(name) { value } else { nil }
    }

    func number(_ name: String) -> Double? {
        if case .number(let value)? = value(name) { value } else { nil }
    }

    /// The name of an enumeration's value.
    func name(_ name: String) -> String? {
        if case .name(let text)? = value(name) { text } else { nil }
    }

    func message(_ name: String) -> ConfigurationMessage? {
        if case .message(let message)? = value(name) { message } else { nil }
    }

    func messages(_ name: String) -> [ConfigurationMessage] {
        (self[name]?.values ?? []).compactMap { if case .message(let message) = $0 { message } else { nil } }
    }

    func integers(_ name: String) -> [Int64] {
        (self[name]?.values ?? []).compactMap { if case .integer(let value) = $0 { value } else { nil } }
    }

    func strings(_ name: String) -> [String] {
        (self[name]?.values ?? []).compactMap { if case .string(let value) = $0 { value } else { nil } }
    }

    /// The entries of a map whose values are strings.
    func stringMap(_ name: String) -> [String: String] {
        var map: [String: String] = [:]
        for entry in messages(name) { map[entry.string("key") ?? ""] = entry.string("value") ?? "" }
        return map
    }

    /// Adds a value to a field.
    mutating func append(_ value: ConfigurationValue, to name: String, place: String) {
        if let index = fields.firstIndex(where: { $0.name == name }) {
            fields[index].values.append(value)
        } else {
            fields.append(Field(name: name, values: [value], place: place))
        }
    }

    /// A repeated field that is there without values.
    mutating func touch(_ name: String, place: String) {
        if self[name] == nil { fields.append(Field(name: name, values: [], place: place)) }
    }
}

/// What is wrong with a model configuration, and where.
package struct ConfigurationError: Error, Hashable, Sendable, CustomStringConvertible {
    /// `config.pbtxt:3:5` in a file, `input[0].dims` in JSON.
    package var place: String
    package var message: String

    package var description: String { "\(place): \(message)" }
}
