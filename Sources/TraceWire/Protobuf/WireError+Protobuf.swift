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
