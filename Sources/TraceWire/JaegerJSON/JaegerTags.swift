internal import JSONCoding
internal import TraceModel

/// A list of Jaeger's `KeyValue`: `{"key":string,"type":"string|bool|int64|float64|binary","value":…}`.
struct JaegerTags {
    private var tags: [Attribute]

    init(_ tags: [Attribute]) {
        self.tags = tags
    }

    mutating func append(_ key: String, _ value: AttributeValue) {
        tags.append(Attribute(key: key, value: value))
    }

    /// Orders by key; tags with one key keep their order.
    mutating func sort() {
        tags.sort { $0.key < $1.key }
    }

    func write(to writer: inout JSONWriter) {
        writer.beginArray()
        for tag in tags { Self.write(tag, to: &writer) }
        writer.endArray()
    }

    /// Browsers hold integers exactly up to this magnitude; larger ones are written as strings.
    static let largestExactInteger: Int64 = 1 << 53 - 1

    private static func write(_ tag: Attribute, to writer: inout JSONWriter) {
        writer.beginObject()
        writer.key("key")
        writer.string(tag.key)
        writer.key("type")
        switch tag.value {
        case .string(let text): write("string", text, to: &writer)
        case .bool(let flag):
            writer.string("bool")
            writer.key("value")
            writer.bool(flag)
        case .int(let number):
            writer.string("int64")
            writer.key("value")
            if number.magnitude <= largestExactInteger.magnitude { writer.int(number) } else { writer.quotedInt(number) }
        case .double(let number):
            writer.string("float64")
            writer.key("value")
            writer.double(number)
        case .bytes(let bytes): write("binary", Base64.encode(bytes), to: &writer)
        case .array, .keyValueList:
            var nested = JSONWriter()
            writePlain(tag.value, to: &nested)
            write("string", String(decoding: nested.bytes, as: UTF8.self), to: &writer)
        case .empty: write("string", "", to: &writer)
        }
        writer.endObject()
    }

    private static func write(_ type: String, _ value: String, to writer: inout JSONWriter) {
        writer.string(type)
        writer.key("value")
        writer.string(value)
    }

    /// Lists as plain JSON: what goes into the text of a tag, because Jaeger has no nested values.
    private static func writePlain(_ value: AttributeValue, to writer: inout JSONWriter) {
        switch value {
        case .string(let text): writer.string(text)
        case .bool(let flag): writer.bool(flag)
        case .int(let number): writer.int(number)
        case .double(let number): writer.double(number)
        case .bytes(let bytes): writer.string(Base64.encode(bytes))
        case .empty: writer.null()
        case .array(let values):
            writer.beginArray()
            for element in values { writePlain(element, to: &writer) }
            writer.endArray()
        case .keyValueList(let values):
            writer.beginObject()
            for member in values {
                writer.key(string: member.key)
                writePlain(member.value, to: &writer)
            }
            writer.endObject()
        }
    }
}
