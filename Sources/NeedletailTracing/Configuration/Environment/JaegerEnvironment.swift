internal import Logging

/// What the `OTEL_EXPORTER_JAEGER_…` variables of all transports share.
enum JaegerEnvironment {
    /// `OTEL_EXPORTER_JAEGER_PROTOCOL`.
    enum Dialect { case grpc, thriftHTTP, thriftUDPCompact }

    static func name(_ setting: String) -> String { "OTEL_EXPORTER_JAEGER_" + setting }

    /// Without a protocol Thrift over HTTP; over UDP when an agent is named and no endpoint.
    static func dialect(_ reader: EnvironmentReader) -> Dialect {
        let namesAgent = reader.text(name("AGENT_HOST")) != nil || reader.text(name("AGENT_PORT")) != nil
        let isUDP = namesAgent && reader.text(name("ENDPOINT")) == nil
        return reader.choice(
            [name("PROTOCOL")],
            among: ["http/thrift.binary": .thriftHTTP, "udp/thrift.compact": .thriftUDPCompact, "grpc": .grpc],
            default: isUDP ? .thriftUDPCompact : .thriftHTTP,
            shownAs: isUDP ? "udp/thrift.compact" : "http/thrift.binary"
        )
    }

    static func timeout(_ reader: EnvironmentReader, default fallback: Duration) -> Duration {
        reader.milliseconds([name("TIMEOUT")], default: fallback)
    }
}
