/// What a message of a model configuration may hold: a protobuf message by its field names.
struct ConfigurationSchema: Sendable {
    /// The type of a field's value.
    indirect enum Kind: Sendable {
        case string
        case bool
        /// A whole number within these bounds.
        case integer(ClosedRange<Int64>)
        case number
        /// One of these names.
        case enumeration([String])
        case message(ConfigurationSchema)
        /// In text a repeated message of `key` and `value`, in JSON an object.
        case map(key: Kind, value: Kind)
    }

    struct Field: Sendable {
        var name: String
        var kind: Kind
        var isRepeated = false
        /// Of the fields with one choice at most one is set: a protobuf `oneof`.
        var choice: String?
    }

    /// The message's name in Triton's schema.
    let name: String
    let fields: [Field]

    init(_ name: String, _ fields: [Field]) {
        self.name = name
        self.fields = fields
    }

    func field(named name: String) -> Field? { fields.first { $0.name == name } }

    /// The known name that is most like a wrong one; `nil` when none is near.
    func suggestion(for name: String) -> String? {
        Self.nearest(to: name, in: fields.map(\.name))
    }

    /// The candidate with the fewest edits, at most a third of the word's length.
    static func nearest(to word: String, in candidates: [String]) -> String? {
        let limit = max(1, word.count / 3)
        return candidates
            .map { ($0, distance(Array(word.lowercased()), Array($0.lowercased()))) }
            .filter { $0.1 <= limit || ($0.0.hasPrefix(word) && word.count >= 3) }
            .min { $0.1 < $1.1 }?.0
    }

    /// How many letters have to be inserted, deleted or replaced.
    private static func distance(_ left: [Character], _ right: [Character]) -> Int {
        // Longer words are no slips of the finger; the bound keeps hostile input cheap.
        guard left.count <= 64 else { return .max }
        var row = Array(0...right.count)
        for (i, letter) in left.enumerated() {
            var diagonal = row[0]
            row[0] = i + 1
            for (j, other) in right.enumerated() {
                let above = row[j + 1]
                row[j + 1] = min(above + 1, row[j] + 1, diagonal + (letter == other ? 0 : 1))
                diagonal = above
            }
        }
        return row[right.count]
    }
}

extension ConfigurationSchema.Field {
    static func string(_ name: String, choice: String? = nil) -> Self { Self(name: name, kind: .string, choice: choice) }
    static func bool(_ name: String, choice: String? = nil) -> Self { Self(name: name, kind: .bool, choice: choice) }
    static func int32(_ name: String) -> Self { Self(name: name, kind: .integer(Int64(Int32.min)...Int64(Int32.max))) }
    static func int64(_ name: String) -> Self { Self(name: name, kind: .integer(.min ... .max)) }
    static func uint32(_ name: String) -> Self { Self(name: name, kind: .integer(0...Int64(UInt32.max))) }
    /// Numbers beyond `Int64.max` are refused: nobody waits so many microseconds.
    static func uint64(_ name: String) -> Self { Self(name: name, kind: .integer(0 ... .max)) }
    static func number(_ name: String) -> Self { Self(name: name, kind: .number) }
    static func enumeration(_ name: String, _ names: [String]) -> Self { Self(name: name, kind: .enumeration(names)) }
    static func message(_ name: String, _ schema: ConfigurationSchema, choice: String? = nil) -> Self {
        Self(name: name, kind: .message(schema), choice: choice)
    }
    static func map(_ name: String, key: ConfigurationSchema.Kind = .string, _ value: ConfigurationSchema.Kind) -> Self {
        Self(name: name, kind: .map(key: key, value: value), isRepeated: true)
    }

    /// The same field, any number of times.
    var repeated: Self {
        var copy = self
        copy.isRepeated = true
        return copy
    }
}
