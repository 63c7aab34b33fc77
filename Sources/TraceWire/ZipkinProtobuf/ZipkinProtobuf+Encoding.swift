internal import JSONCoding
internal import ProtobufCoding
public import TraceModel

extension ZipkinProtobuf {
    /// Writes a `ListOfSpans`, with the mapping of ``ZipkinJSON/encode(_:options:)``.
    ///
    /// The mapping has one home: the spans are written as JSON and moved field by field, at about three times the cost of JSON alone.
    public static func encode(_ batch: SpanBatch, options: ZipkinJSON.EncodingOptions = ZipkinJSON.EncodingOptions()) -> [UInt8] {
        let json = ZipkinJSON.encode(batch, options: options)
        // Our own JSON is always readable.
        guard case .array(let spans)? = try? JSONValue.parse(json) else { return [] }
        var writer = ProtobufWriter(reserving: json.count)
        for case .object(let span) in spans {
            let mark = writer.begin(1 << 3 | 2, expecting: 500)
            write(span, to: &writer)
            writer.end(mark)
        }
        return Array(writer.written)
    }

    private static func write(_ span: JSONObject, to writer: inout ProtobufWriter) {
        for member in span.members {
            switch (member.name, member.value) {
            case ("traceId", .string(let digits)): writer.bytes(1 << 3 | 2, bytes(digits))
            case ("parentId", .string(let digits)): writer.bytes(2 << 3 | 2, bytes(digits))
            case ("id", .string(let digits)): writer.bytes(3 << 3 | 2, bytes(digits))
            case ("kind", .string(let name)): writer.varint(4 << 3, ["CLIENT": 1, "SERVER": 2, "PRODUCER": 3, "CONSUMER": 4][name] ?? 0)
            case ("name", .string(let name)): writer.string(5 << 3 | 2, name)
            case ("timestamp", .number(let number)): writer.fixed64(6 << 3 | 1, UInt64(number) ?? 0)
            case ("duration", .number(let number)): writer.varint(7 << 3, UInt64(number) ?? 0)
            case ("localEndpoint", .object(let endpoint)): write(endpoint, 8 << 3 | 2, to: &writer)
            case ("remoteEndpoint", .object(let endpoint)): write(endpoint, 9 << 3 | 2, to: &writer)
            case ("annotations", .array(let annotations)):
                for case .object(let annotation) in annotations {
                    let mark = writer.begin(10 << 3 | 2, expecting: 100)
                    for member in annotation.members {
                        if member.name == "timestamp", case .number(let number) = member.value { writer.fixed64(1 << 3 | 1, UInt64(number) ?? 0) }
                        if member.name == "value", case .string(let text) = member.value { writer.string(2 << 3 | 2, text) }
                    }
                    writer.end(mark)
                }
            case ("tags", .object(let tags)):
                for tag in tags.members {
                    guard case .string(let value) = tag.value else { continue }
                    let mark = writer.begin(11 << 3 | 2, expecting: 60)
                    writer.string(1 << 3 | 2, tag.name)
                    writer.string(2 << 3 | 2, value)
                    writer.end(mark)
                }
            case ("debug", .bool(let flag)): writer.varint(12 << 3, flag ? 1 : 0)
            case ("shared", .bool(let flag)): writer.varint(13 << 3, flag ? 1 : 0)
            default: break
            }
        }
    }

    private static func write(_ endpoint: JSONObject, _ tag: UInt8, to writer: inout ProtobufWriter) {
        let mark = writer.begin(tag, expecting: 30)
        for member in endpoint.members {
            switch (member.name, member.value) {
            case ("serviceName", .string(let name)): writer.string(1 << 3 | 2, name)
            case ("ipv4", .string(let text)):
                let bytes = text.split(separator: ".").compactMap { UInt8($0) }
                if bytes.count == 4 { writer.bytes(2 << 3 | 2, bytes) }
            case ("ipv6", .string(let text)): if let bytes = ipv6(text) { writer.bytes(3 << 3 | 2, bytes) }
            case ("port", .number(let number)): writer.varint(4 << 3, UInt64(number) ?? 0)
            default: break
            }
        }
        writer.end(mark)
    }

    /// The bytes of an even number of hexadecimal digits.
    private static func bytes(_ digits: String) -> [UInt8] {
        let values = digits.utf8.map { Hex.value(of: $0) ?? 0 }
        return stride(from: 0, to: values.count - 1, by: 2).map { values[$0] << 4 | values[$0 + 1] }
    }

    /// Sixteen bytes; `nil` for what is no address.
    private static func ipv6(_ text: String) -> [UInt8]? {
        func groups(_ text: Substring) -> [UInt8]? {
            var bytes: [UInt8] = []
            for group in text.split(separator: ":") {
                guard let value = UInt16(group, radix: 16) else { return nil }
                bytes += [UInt8(value >> 8), UInt8(value & 0xff)]
            }
            return bytes
        }
        guard let gap = text.firstRange(of: "::") else { return groups(text[...]).flatMap { $0.count == 16 ? $0 : nil } }
        guard let head = groups(text[..<gap.lowerBound]), let tail = groups(text[gap.upperBound...]), head.count + tail.count < 16 else { return nil }
        return head + [UInt8](repeating: 0, count: 16 - head.count - tail.count) + tail
    }
}
