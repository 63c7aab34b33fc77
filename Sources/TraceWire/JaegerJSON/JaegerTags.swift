internal import JSONCoding
internal import TraceModel

/// A list of Jaeger's `KeyValue`: `{"key":string,"type":"string|bool|int64|float64|binary","value":…}`.
struct JaegerTags {
    private let tags: [Attribute]

    /// - Parameter isSorted: by key; tags with one key keep their order.
    init(_ tags: [Attribute], isSorted: Bool) {
        self.tags = isSorted ? tags.sorted { $0.key < $1.key } : tags
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
        // `Attribute.jaegerTag` made text of these.
        case .empty, .array, .keyValueList: write("string", "", to: &writer)
        }
        writer.endObject()
    }

    private static func write(_ type: String, _ value: String, to writer: inout JSONWriter) {
        writer.string(type)
        writer.key("value")
        writer.string(value)
    }
}
