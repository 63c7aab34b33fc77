internal import JSONCoding

extension TraceFile {
    /// Spans of a list that are looked at before it is taken for Zipkin's version 2.
    private static let examinedSpans = 100

    /// - Throws: when the content is none of the known formats.
    static func detect(_ bytes: [UInt8]) throws(WireError) -> TraceFileFormat {
        guard let first = bytes.first(where: { $0 > 0x20 }) else {
            throw WireError(code: .malformed, message: "the file is empty; expected \(TraceFileFormat.known)")
        }
        if first == UInt8(ascii: "{") || first == UInt8(ascii: "["), !LengthPrefixed.begins(bytes) {
            if let format = formatOfJSON(bytes) { return format }
            throw WireError(code: .malformed, message: "JSON that holds no traces that are known; expected \(TraceFileFormat.known)")
        }
        if bytes.first == 0x0a || LengthPrefixed.begins(bytes) { return .otlpProtobuf }
        throw WireError(code: .malformed, message: "a file that begins with \(beginning(of: bytes)) is not known; expected \(TraceFileFormat.known)")
    }

    /// As text where it is ASCII, otherwise as bytes.
    private static func beginning(of bytes: [UInt8]) -> String {
        let line = bytes.prefix(24).prefix { $0 != 0x0a && $0 != 0x0d }
        if !line.isEmpty, line.allSatisfy({ 0x20...0x7e ~= $0 }) { return "“\(String(decoding: line, as: UTF8.self))”" }
        return "the bytes " + bytes.prefix(8).map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined(separator: " ")
    }

    private static func formatOfJSON(_ bytes: [UInt8]) -> TraceFileFormat? {
        var detector = Detector(spansLeft: examinedSpans)
        // Errors do not matter: what follows the first members may be anything, and its reader will say what is wrong.
        try? JSONReader.read(bytes) { try detector.value(&$0) }
        return detector.format
    }

    /// Looks at the names of the first members until they tell the format.
    private struct Detector {
        /// What ends the look: the format is known.
        private struct Found: Error {}

        var spansLeft: Int
        private(set) var format: TraceFileFormat?
        private var isList = false

        init(spansLeft: Int) {
            self.spansLeft = spansLeft
        }

        mutating func value(_ reader: inout JSONReader) throws {
            guard try reader.peek() == .array else { return try object(&reader) }
            isList = true
            // An empty list is one of Zipkin's.
            if format == nil { format = .zipkinJSON }
            try reader.beginArray()
            while try reader.nextElement(), spansLeft > 0 {
                spansLeft -= 1
                try value(&reader)
            }
        }

        private mutating func found(_ format: TraceFileFormat) throws {
            self.format = format
            throw Found()
        }

        private mutating func object(_ reader: inout JSONReader) throws {
            // A list of something, of which nothing is known yet.
            format = nil
            guard try reader.peek() == .object else { throw Found() }
            try reader.beginObject()
            while let key = try reader.nextKey() {
                switch key {
                case "resourceSpans", "batches": try found(.otlpJSON)
                case "result", "trace": if !isList { return try object(&reader) }
                case "data", "spans", "processes", "traceID", "spanID", "operationName": try found(.jaegerJSON)
                case "timestamps", "model_name", "activity": try found(.triton)
                case "spanId": try found(.spanLines)
                case "binaryAnnotations": try found(.zipkinV1JSON)
                case "localEndpoint", "remoteEndpoint", "tags", "kind": if isList { try found(.zipkinJSON) }
                case "annotations" where isList: try annotations(&reader); continue
                case "id" where isList: format = .zipkinJSON
                default: break
                }
                try reader.skip()
            }
        }

        /// Those of version 1 say where they were noted.
        private mutating func annotations(_ reader: inout JSONReader) throws {
            guard try reader.peek() == .array else { return try reader.skip() }
            try reader.beginArray()
            while try reader.nextElement() {
                guard try reader.peek() == .object else {
                    try reader.skip()
                    continue
                }
                try reader.beginObject()
                while let key = try reader.nextKey() {
                    if key == "endpoint" { try found(.zipkinV1JSON) }
                    try reader.skip()
                }
            }
        }
    }
}
