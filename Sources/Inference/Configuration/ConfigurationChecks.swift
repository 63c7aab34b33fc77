/// Checks that hold for text and JSON alike.
extension ConfigurationSchema {
    /// The field of this name.
    ///
    /// - Throws: the message's fields, or the one that was likely meant.
    func requireField(_ name: String, place: String) throws(ConfigurationError) -> Field {
        if let field = field(named: name) { return field }
        // The word is the user's: only so much of it is repeated.
        let shown = name.count > 64 ? name.prefix(64) + "…" : name[...]
        if let near = suggestion(for: name) {
            throw ConfigurationError(place: place, message: "\(self.name) has no field '\(shown)'. Did you mean '\(near)'?")
        }
        let known = fields.map(\.name).joined(separator: ", ")
        throw ConfigurationError(place: place, message: "\(self.name) has no field '\(shown)'. Its fields: \(known.isEmpty ? "none" : known).")
    }

    /// Refuses a field that is there already, or excludes another one that is.
    func checkOnce(_ field: Field, in message: ConfigurationMessage, place: String) throws(ConfigurationError) {
        guard !field.isRepeated else { return }
        if let first = message[field.name] {
            throw ConfigurationError(place: place, message: "'\(field.name)' is given twice; the first is at \(first.place)")
        }
        guard let choice = field.choice else { return }
        for other in fields where other.choice == choice && other.name != field.name {
            if let first = message[other.name] {
                throw ConfigurationError(
                    place: place,
                    message: "'\(field.name)' and '\(other.name)' exclude each other; the first is at \(first.place)"
                )
            }
        }
    }

    /// The message of a map's entry.
    static func entry(key: Kind, value: Kind) -> ConfigurationSchema {
        ConfigurationSchema("map entry", [Field(name: "key", kind: key), Field(name: "value", kind: value)])
    }
}

extension ConfigurationSchema.Kind {
    /// For error messages.
    var expectation: String {
        switch self {
        case .string: "a string in quotes"
        case .bool: "true or false"
        case .integer(let range):
            range == .min ... .max ? "a whole number"
                : range.upperBound == .max ? "a whole number of at least \(range.lowerBound)"
                : "a whole number from \(range.lowerBound) to \(range.upperBound)"
        case .number: "a number"
        case .enumeration(let names): "one of \(names.joined(separator: ", "))"
        case .message(let schema): "a \(schema.name) message in braces"
        case .map: "an entry with 'key' and 'value' in braces"
        }
    }

    /// The value of an enumeration.
    func enumerationValue(_ name: String, names: [String], place: String) throws(ConfigurationError) -> ConfigurationValue {
        guard names.contains(name) else {
            let hint = ConfigurationSchema.nearest(to: name, in: names).map { " Did you mean \($0)?" } ?? ""
            throw ConfigurationError(place: place, message: "expected \(expectation), got '\(name.prefix(64))'.\(hint)")
        }
        return .name(name)
    }

    func integerValue(_ number: Int64, range: ClosedRange<Int64>, place: String) throws(ConfigurationError) -> ConfigurationValue {
        guard range.contains(number) else { throw ConfigurationError(place: place, message: "expected \(expectation), got \(number)") }
        return .integer(number)
    }
}
