internal import TraceModel

/// A span as Zipkin's first version had it: what happened, and where, stands in annotations (zipkin-api, `zipkin-api.yaml`).
struct ZipkinV1Span {
    struct Annotation {
        var value = ZipkinAnnotation(timestamp: 0, value: "")
        var endpoint = ZipkinEndpoint()
    }

    struct BinaryAnnotation {
        var tag = Attribute(key: "", value: .empty)
        var endpoint = ZipkinEndpoint()
    }

    /// The annotations of one kind of span.
    private struct Core {
        var kind: SpanKind
        /// The annotations that say the kind.
        var marks: [String]
        var begin: String
        var end: String
        /// The key of the binary annotation with the other side's address.
        var peer: String
    }

    private static let cores = [
        Core(kind: .client, marks: ["cs", "cr"], begin: "cs", end: "cr", peer: "sa"),
        Core(kind: .server, marks: ["sr", "ss"], begin: "sr", end: "ss", peer: "ca"),
        Core(kind: .producer, marks: ["ms"], begin: "ms", end: "ws", peer: "ma"),
        Core(kind: .consumer, marks: ["mr"], begin: "wr", end: "mr", peer: "ma"),
    ]
    private static let addressKeys = ["sa", "ca", "ma"]
    /// A binary annotation with the name of a component that does not leave the process.
    private static let localComponent = "lc"

    /// Ids, name, times and marks.
    var span = ZipkinSpan()
    var annotations: [Annotation] = []
    var binaryAnnotations: [BinaryAnnotation] = []

    /// The same in the second version: one span, or two when a client and its server reported together.
    func spans() -> [ZipkinSpan] {
        let found = Self.cores.filter { core in annotations.contains { core.marks.contains($0.value.value) } }
        guard found.count > 1, found[0].kind == .client, found[1].kind == .server else {
            var result = converted(found.first)
            // Version 1 leaves out the times of a shared span: they are the client's to tell.
            if found.first?.kind == .server, span.timestamp == nil { result.isShared = true }
            return [result]
        }
        // The server's half is what was noted at its endpoint, the rest is the client's.
        let there = annotations.first { found[1].marks.contains($0.value.value) }?.endpoint
        let here = annotations.first { found[0].marks.contains($0.value.value) }?.endpoint
        var client = self
        var server = self
        func isServers(_ endpoint: ZipkinEndpoint) -> Bool { endpoint == there && there != here }
        client.annotations.removeAll { found[1].marks.contains($0.value.value) || isServers($0.endpoint) && !found[0].marks.contains($0.value.value) }
        server.annotations.removeAll { !found[1].marks.contains($0.value.value) && !isServers($0.endpoint) }
        client.binaryAnnotations.removeAll { isServers($0.endpoint) && !Self.addressKeys.contains($0.tag.key) || $0.tag.key == found[1].peer }
        server.binaryAnnotations.removeAll { !isServers($0.endpoint) && $0.tag.key != found[1].peer }
        server.span.others = []
        server.span.timestamp = nil
        server.span.duration = nil
        var second = server.converted(found[1])
        second.isShared = true
        return [client.converted(found[0]), second]
    }

    private func converted(_ core: Core?) -> ZipkinSpan {
        var result = span
        if let core {
            result.kind = core.kind
            let marks = annotations.filter { core.marks.contains($0.value.value) }
            result.localEndpoint = marks.first { !$0.endpoint.isEmpty }?.endpoint ?? ZipkinEndpoint()
            let begin = time(of: core.begin) ?? marks.first?.value.timestamp
            if result.timestamp == nil { result.timestamp = begin }
            if result.duration == nil, let begin, let end = time(of: core.end), end > begin { result.duration = end - begin }
        }
        if result.localEndpoint.isEmpty { result.localEndpoint = endpointOfOthers }
        for binary in binaryAnnotations { add(binary, core, to: &result) }
        let start = result.timestamp ?? 0
        let end = start &+ (result.duration ?? 0)
        for annotation in annotations {
            // What the span's kind and times say already.
            let isTold = core?.marks.contains(annotation.value.value) == true && [start, end].contains(annotation.value.timestamp)
            if !isTold { result.annotations.append(annotation.value) }
        }
        return result
    }

    private func add(_ binary: BinaryAnnotation, _ core: Core?, to result: inout ZipkinSpan) {
        if Self.addressKeys.contains(binary.tag.key), !binary.endpoint.isEmpty {
            if binary.tag.key == core?.peer || core == nil, result.remoteEndpoint.isEmpty {
                result.remoteEndpoint = binary.endpoint
            } else if result.localEndpoint.isEmpty {
                result.localEndpoint = binary.endpoint
            }
        } else if binary.tag.key == Self.localComponent {
            if !PlainJSON.text(binary.tag.value).isEmpty { result.tags.append(Attribute(key: "component", value: binary.tag.value)) }
        } else {
            result.tags.append(binary.tag)
        }
    }

    private func time(of value: String) -> UInt64? {
        annotations.first { $0.value.value == value && $0.value.timestamp > 0 }?.value.timestamp
    }

    /// Where the span was noted, when no annotation of its kind says so.
    private var endpointOfOthers: ZipkinEndpoint {
        annotations.first { !$0.endpoint.isEmpty }?.endpoint
            ?? binaryAnnotations.first { !$0.endpoint.isEmpty && !Self.addressKeys.contains($0.tag.key) }?.endpoint ?? ZipkinEndpoint()
    }
}
