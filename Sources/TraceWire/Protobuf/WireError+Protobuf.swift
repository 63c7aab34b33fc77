extension WireError {
    /// The protocols whose messages are read.
    enum ProtobufSchema: UInt8, Sendable {
        case otlp, jaeger, zipkin
    }

    init(malformedProtobuf found: String, at offset: Int, schema: ProtobufSchema) {
        let (name, expected) =
            switch schema {
            case .otlp: ("OTLP", "a message of opentelemetry-proto's trace service")
            case .jaeger: ("Jaeger", "a PostSpansRequest of jaeger.api_v2")
            case .zipkin: ("Zipkin", "a ListOfSpans of zipkin.proto3")
            }
        self.init(code: .malformed, message: "malformed \(name) protobuf at byte \(offset): found \(found); expected \(expected)")
    }
}

extension ProtobufCursor {
    /// A text of the message that comes next, as far as it can be read; the cursor stays where it is.
    ///
    /// - Parameter tag: the field of the text.
    func nameOfBrokenMessage(_ tag: UInt32) -> String {
        var ahead = self
        do throws(WireError) {
            _ = try ahead.enter()
            while !ahead.isAtEnd {
                let found = try ahead.tag()
                if found == tag { return String(decoding: try ahead.bytes(), as: UTF8.self) }
                try ahead.skip(found)
            }
        } catch {
            // Broken before the text.
        }
        return ""
    }
}
