internal import PrometheusMetrics
internal import ProtobufCoding

/// Protobuf messages of Prometheus' remote write, versions 1.0 and 2.0.
enum RemoteWriteEncoder {
    /// One message, not compressed yet.
    struct Message: Sendable {
        var body: [UInt8]
        var samples: Int
    }

    /// Splits series among messages of at most about `maximumSize` bytes, each series whole.
    ///
    /// - Parameter withMetadata: version 1.0 sends types and helps in a message of their own; version 2.0 always with each series.
    static func messages(
        _ series: [RemoteWriteSeries], metadata: [RemoteWriteMetadata], withMetadata: Bool, version: PrometheusRemoteWriter.Configuration.ProtobufMessage,
        maximumSize: Int
    ) -> [Message] {
        var messages: [Message] = []
        var rest = series[...]
        while !rest.isEmpty {
            switch version {
            case .version1: messages.append(message1(&rest, maximumSize))
            case .version2: messages.append(message2(&rest, metadata, withMetadata, maximumSize))
            }
        }
        if withMetadata, version == .version1, !metadata.isEmpty { messages.append(metadata1(metadata)) }
        return messages
    }

    // MARK: 1.0: prometheus.WriteRequest

    private static func message1(_ rest: inout ArraySlice<RemoteWriteSeries>, _ maximumSize: Int) -> Message {
        var writer = ProtobufWriter(reserving: min(maximumSize, 1 << 20))
        var samples = 0
        repeat {
            let series = rest.removeFirst()
            samples += series.samples.count
            let mark = writer.begin(0x0a, expecting: 300)
            for label in series.labels { write(&writer, label.name, label.value) }
            for sample in series.samples { write(&writer, 0x12, sample) }
            if let exemplar = series.exemplar {
                let mark = writer.begin(0x1a, expecting: 70)
                write(&writer, "trace_id", exemplar.traceID)
                writer.fixed64(0x11, exemplar.value.bitPattern)
                writer.varint(0x18, UInt64(bitPattern: milliseconds(exemplar)))
                writer.end(mark)
            }
            writer.end(mark)
        } while !rest.isEmpty && writer.count < maximumSize
        return Message(body: Array(writer.written), samples: samples)
    }

    private static func metadata1(_ metadata: [RemoteWriteMetadata]) -> Message {
        var writer = ProtobufWriter(reserving: 4096)
        for about in metadata {
            let mark = writer.begin(0x1a, expecting: 100)
            writer.varint(0x08, about.kind.rawValue)
            writer.string(0x12, about.family)
            writer.string(0x22, about.help)
            writer.end(mark)
        }
        return Message(body: Array(writer.written), samples: 0)
    }

    private static func write(_ writer: inout ProtobufWriter, _ name: String, _ value: String) {
        let mark = writer.begin(0x0a, expecting: 40)
        writer.string(0x0a, name)
        writer.string(0x12, value)
        writer.end(mark)
    }

    private static func write(_ writer: inout ProtobufWriter, _ tag: UInt8, _ sample: RemoteWriteSeries.Sample) {
        let mark = writer.begin(tag, expecting: 16)
        writer.fixed64(0x09, sample.value.bitPattern)
        writer.varint(0x10, UInt64(bitPattern: sample.time))
        writer.end(mark)
    }

    private static func milliseconds(_ exemplar: Exemplar) -> Int64 {
        Int64(exactly: (exemplar.time * 1000).rounded()) ?? 0
    }

    // MARK: 2.0: io.prometheus.write.v2.Request

    /// Strings of a request, each once; the first is empty.
    private struct Symbols {
        private(set) var texts = [""]
        private var numbers = ["": UInt64(0)]
        private(set) var size = 0

        mutating func number(_ text: String) -> UInt64 {
            if let known = numbers[text] { return known }
            let number = UInt64(texts.count)
            numbers[text] = number
            texts.append(text)
            size += text.utf8.count + 3
            return number
        }
    }

    private static func message2(
        _ rest: inout ArraySlice<RemoteWriteSeries>, _ metadata: [RemoteWriteMetadata], _ withMetadata: Bool, _ maximumSize: Int
    ) -> Message {
        var writer = ProtobufWriter(reserving: min(maximumSize, 1 << 20))
        var symbols = Symbols()
        var samples = 0
        repeat {
            let series = rest.removeFirst()
            samples += series.samples.count
            let mark = writer.begin(0x2a, expecting: 100)
            references(&writer, &symbols, series.labels)
            for sample in series.samples { write(&writer, 0x12, sample) }
            if let exemplar = series.exemplar {
                let mark = writer.begin(0x22, expecting: 30)
                references(&writer, &symbols, [.init(name: "trace_id", value: exemplar.traceID)])
                writer.fixed64(0x11, exemplar.value.bitPattern)
                writer.varint(0x18, UInt64(bitPattern: milliseconds(exemplar)))
                writer.end(mark)
            }
            let about = metadata[series.metadata]
            let inner = writer.begin(0x2a, expecting: 6)
            writer.varint(0x08, about.kind.rawValue)
            if withMetadata { writer.varint(0x18, symbols.number(about.help)) }
            writer.end(inner)
            writer.end(mark)
        } while !rest.isEmpty && writer.count + symbols.size < maximumSize
        var head = ProtobufWriter(reserving: symbols.size + 64)
        // Also the empty one: their places count.
        for text in symbols.texts { head.string(0x22, text, length: text.utf8.count) }
        return Message(body: Array(head.written) + Array(writer.written), samples: samples)
    }

    private static func references(_ writer: inout ProtobufWriter, _ symbols: inout Symbols, _ labels: [MetricLabels.Pair]) {
        let mark = writer.begin(0x0a, expecting: 20)
        for label in labels {
            writer.varint(symbols.number(label.name))
            writer.varint(symbols.number(label.value))
        }
        writer.end(mark)
    }
}
