#if canImport(Glibc)
internal import Glibc
#else
internal import Darwin
#endif
internal import Synchronization

/// What the program prints once every listener accepts connections: addresses, a request to try, where the data lies.
final class Greeting: Sendable {
    /// The listeners of the program, in the order in which they are shown.
    enum Listener: Int, CaseIterable, Sendable {
        case query
        case tempo
        case jaegerQueryGRPC
        case inferenceHTTP
        case inferenceGRPC
        case inferenceMetrics
        case otlpHTTP
        case otlpGRPC
        case zipkin
        case jaegerGRPC
        case jaegerHTTP
        case jaegerCompact
        case jaegerBinary
        case sampling
        case admin
    }

    private let host: String
    private let dataDirectory: String?
    private let forwardsTo: [String]
    private let awaited: Set<Listener>
    /// The sample model is served, so that there is a request to try.
    private let hasSample: Bool
    private let show: @Sendable (String) -> Void
    private let ports = Mutex<[Listener: Int]>([:])

    /// - Parameters:
    ///   - host: The address that was listened on.
    ///   - dataDirectory: Where traces are kept, if this program keeps them.
    ///   - awaited: The listeners to wait for.
    ///   - forwardsTo: The exporters that spans are sent on to; with no data directory they are only sent on.
    ///   - hasSample: The sample model is served: a request to try is shown.
    ///   - show: Called once with the whole text.
    init(
        host: String,
        dataDirectory: String?,
        awaited: Set<Listener>,
        forwardsTo: [String] = [],
        hasSample: Bool = true,
        show: @escaping @Sendable (String) -> Void = Greeting.printAtOnce
    ) {
        self.host = host
        self.dataDirectory = dataDirectory
        self.awaited = awaited
        self.forwardsTo = forwardsTo
        self.hasSample = hasSample
        self.show = show
    }

    /// Notes the real port of a listener; the last one that is awaited makes the text appear.
    func listening(_ listener: Listener, port: Int) {
        let complete = ports.withLock { ports in
            let isNew = ports.updateValue(port, forKey: listener) == nil
            return isNew && awaited.isSubset(of: ports.keys) ? ports : nil
        }
        if let complete { show(text(ports: complete)) }
    }

    /// Output to a file or pipe would otherwise wait in a buffer for the end of the program.
    @Sendable static func printAtOnce(_ text: String) {
        print(text)
        fflush(nil)
    }

    /// Where this program listens so far, by the listener's name.
    @Sendable func portsByName() -> [String: Int] {
        ports.withLock { ports in Dictionary(uniqueKeysWithValues: ports.map { ("\($0.key)", $0.value) }) }
    }

    private func text(ports: [Listener: Int]) -> String {
        var lines = ["", "Needletail \(Needletail.version) is ready. Stop it with Ctrl-C.", ""]
        for listener in Listener.allCases {
            if let port = ports[listener] { lines.append(line(of: listener, port: port)) }
        }
        if let dataDirectory { lines.append("  traces are kept in          \(dataDirectory)") }
        if !forwardsTo.isEmpty {
            lines.append("  \(dataDirectory == nil ? "spans are only sent on to  " : "spans are also sent on to  ") \(forwardsTo.joined(separator: ", "))")
        }
        if hasSample, let port = ports[.inferenceHTTP] {
            lines += [
                "", "Try:", "",
                "  curl http://\(ListenAddress.urlHost(for: host)):\(port)/v2/models/passthrough/generate \\",
                #"      -H "Content-Type: application/json" -sS -w "\n" -d '{"sleep": 0.2}'"#,
            ]
            if let port = ports[.query] { lines += ["", "then open http://\(ListenAddress.urlHost(for: host)):\(port)/ and find its trace."] }
        }
        return lines.joined(separator: "\n") + "\n"
    }

    private func line(of listener: Listener, port: Int) -> String {
        let host = ListenAddress.urlHost(for: host)
        return switch listener {
        case .query: "  page and Jaeger query API   http://\(host):\(port)/"
        case .tempo: "  Tempo query API (TraceQL)   http://\(host):\(port)/api/search"
        case .jaegerQueryGRPC: "  Jaeger query API, gRPC      \(host):\(port)"
        case .sampling: "  remote sampling             http://\(host):\(port)/sampling"
        case .admin: "  health and metrics          http://\(host):\(port)/metrics"
        case .inferenceHTTP: "  inference (KServe v2)       http://\(host):\(port)/v2"
        case .inferenceGRPC: "  inference over gRPC         \(host):\(port)"
        case .inferenceMetrics: "  metrics for Prometheus      http://\(host):\(port)/metrics"
        case .otlpHTTP: "  OTLP over HTTP              http://\(host):\(port)/v1/traces"
        case .otlpGRPC: "  OTLP over gRPC              \(host):\(port)"
        case .zipkin: "  Zipkin                      http://\(host):\(port)/api/v2/spans"
        case .jaegerGRPC: "  Jaeger collector, gRPC      \(host):\(port)"
        case .jaegerHTTP: "  Jaeger collector, HTTP      http://\(host):\(port)/api/traces"
        case .jaegerCompact: "  Jaeger agent, compact       \(host):\(port) (UDP)"
        case .jaegerBinary: "  Jaeger agent, binary        \(host):\(port) (UDP)"
        }
    }
}
