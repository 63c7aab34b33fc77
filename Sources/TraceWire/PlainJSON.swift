internal import JSONCoding
public import TraceModel

/// Attribute values as ordinary JSON, without the type names of OTLP: what formats without nested values put into texts.
///
/// Bytes are written as base64 and read back as a string; `NaN` and the infinities likewise.
package enum PlainJSON {
    /// Reads a whole text; `nil` when it is no JSON, or has more elements than a request may.
    package static func value(of text: String) -> AttributeValue? {
        var budget = ElementBudget(WireLimit.elements)
        return try? parse(text.utf8) { reader in try read(&reader, &budget) }
    }

    /// Reads the next value whatever it is.
    ///
    /// A number without fraction and exponent is an integer, `null` the empty value. The reader bounds the depth.
    static func read(_ reader: inout JSONReader, _ budget: inout ElementBudget) throws -> AttributeValue {
        switch try reader.peek() {
        case .string: return .string(try reader.readString())
        case .bool: return .bool(try reader.readBool())
        case .number: return number(try reader.readNumberText())
        case .null:
            _ = try reader.readNull()
            return .empty
        case .array:
            var values: [AttributeValue] = []
            try reader.beginArray()
            while try reader.nextElement() {
                try budget.take()
                values.append(try read(&reader, &budget))
            }
            return .array(values)
        case .object: return .keyValueList(try readMembers(&reader, &budget))
        }
    }

    /// Reads an object as a list of attributes.
    static func readMembers(_ reader: inout JSONReader, _ budget: inout ElementBudget) throws -> [Attribute] {
        var members: [Attribute] = []
        try reader.beginObject()
        while let key = try reader.nextKey() {
            try budget.take()
            let name = key.string
            members.append(Attribute(key: name, value: try read(&reader, &budget)))
        }
        return members
    }

    /// Reads a whole text with `body`.
    ///
    /// - Returns: `nil` when the text is no such JSON.
    /// - Throws: only when the budget is used up.
    static func parse<R>(_ text: some Collection<UInt8>, _ body: (inout JSONReader) throws -> R?) throws(WireError) -> R? {
        do {
            return try JSONReader.read(Array(text), maximumDepth: WireLimit.valueDepth, body)
        } catch let error as WireError {
            throw error
        } catch {
            return nil
        }
    }

    /// A number too large for its type stays the text that it is.
    private static func number(_ text: String) -> AttributeValue {
        if let whole = Int64(text) { return .int(whole) }
        if let number = Double(text), number.isFinite { return .double(number) }
        return .string(text)
    }

    /// Writes a value.
    static func write(_ value: AttributeValue, to writer: inout JSONWriter) {
        switch value {
        case .string(let text): writer.string(text)
        case .bool(let flag): writer.bool(flag)
        case .int(let number): writer.int(number)
        case .double(let number): writer.double(number)
        case .bytes(let bytes): writer.string(Base64.encode(bytes))
        case .empty: writer.null()
        case .array(let values):
            writer.beginArray()
            for element in values { write(element, to: &writer) }
            writer.endArray()
        case .keyValueList(let members): write(members, to: &writer)
        }
    }

    /// Writes attributes as an object; of a key that comes twice the first counts.
    static func write(_ attributes: [Attribute], to writer: inout JSONWriter) {
        var seen: Set<String> = []
        writer.beginObject()
        for attribute in attributes where seen.insert(attribute.key).inserted {
            writer.key(string: attribute.key)
            write(attribute.value, to: &writer)
        }
        writer.endObject()
    }

    /// A value as the text of a tag: lists as JSON, everything else as it is (OpenTelemetry, "Mapping to non-OTLP formats").
    package static func text(_ value: AttributeValue) -> String {
        switch value {
        case .string(let text): return text
        case .bool(let flag): return flag ? "true" : "false"
        case .int(let number): return String(number)
        case .double(let number):
            if number.isFinite { return number.description }
            return number.isNaN ? "NaN" : number < 0 ? "-Infinity" : "Infinity"
        case .bytes(let bytes): return Base64.encode(bytes)
        case .empty: return ""
        case .array, .keyValueList:
            var writer = JSONWriter()
            write(value, to: &writer)
            return String(decoding: writer.finish(), as: UTF8.self)
        }
    }
}

extension AttributeValue {
    /// The value as text: lists as JSON, bytes as base64, everything else as it is (OpenTelemetry, "Mapping to non-OTLP formats").
    public var displayText: String { PlainJSON.text(self) }

    /// Cuts strings, those in lists too, to this many characters (Unicode scalars, as OpenTelemetry counts).
    mutating func truncate(to length: Int) {
        switch self {
        case .string(let text): self = .string(PlainJSON.truncated(text, to: length))
        case .array(var values):
            for index in values.indices { values[index].truncate(to: length) }
            self = .array(values)
        case .keyValueList(var members):
            for index in members.indices { members[index].value.truncate(to: length) }
            self = .keyValueList(members)
        case .bool, .int, .double, .bytes, .empty: break
        }
    }
}

extension PlainJSON {
    /// A list as JSON with as many of its first elements as fit into the length; at least the brackets.
    static func text(_ value: AttributeValue, fitting length: Int) -> String {
        let whole = text(value)
        if whole.utf8.count <= length { return whole }
        var kept = 0
        var used = 2
        func fits(_ element: String) -> Bool {
            used += element.unicodeScalars.count + (kept > 0 ? 1 : 0)
            guard used <= length else { return false }
            kept += 1
            return true
        }
        switch value {
        case .array(let values):
            // One element as a list, without the brackets.
            for element in values where !fits(String(text(.array([element])).dropFirst().dropLast())) { break }
            return text(.array(Array(values[..<kept])))
        case .keyValueList(let members):
            for member in members where !fits(String(text(.keyValueList([member])).dropFirst().dropLast())) { break }
            return text(.keyValueList(Array(members[..<kept])))
        default: return truncated(whole, to: length)
        }
    }

    /// The first characters (Unicode scalars) of a text.
    static func truncated(_ text: String, to length: Int) -> String {
        let length = max(length, 0)
        // A text has at most as many characters as bytes.
        if text.utf8.count <= length { return text }
        return String(String.UnicodeScalarView(text.unicodeScalars.prefix(length)))
    }
}
