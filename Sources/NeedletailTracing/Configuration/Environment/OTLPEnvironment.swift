/// What the `OTEL_EXPORTER_OTLP_…` variables of both transports share: the form for traces wins over the general one.
enum OTLPEnvironment {
    /// `OTEL_EXPORTER_OTLP_PROTOCOL`.
    enum Dialect { case grpc, httpProtobuf, httpJSON }

    private static let prefix = "OTEL_EXPORTER_OTLP_"

    /// The variables of a setting, by precedence.
    static func names(_ setting: String) -> [String] { [prefix + "TRACES_" + setting, generalName(setting)] }

    static func generalName(_ setting: String) -> String { prefix + setting }

    static func dialect(_ reader: EnvironmentReader) -> Dialect {
        reader.choice(
            names("PROTOCOL"),
            among: ["http/protobuf": .httpProtobuf, "http/json": .httpJSON, "grpc": .grpc],
            default: .httpProtobuf,
            shownAs: "http/protobuf"
        )
    }

    static func headers(_ reader: EnvironmentReader, _ exporter: ExporterNames) -> [String: String] {
        reader.headers(names("HEADERS"), exporter)
    }

    static func timeout(_ reader: EnvironmentReader, default fallback: Duration) -> Duration {
        reader.milliseconds(names("TIMEOUT"), default: fallback)
    }

    static func tls(_ reader: EnvironmentReader, _ exporter: ExporterNames) -> TLSClientConfiguration {
        reader.tls(
            exporter,
            certificate: names("CERTIFICATE"),
            clientKey: names("CLIENT_KEY"),
            clientCertificate: names("CLIENT_CERTIFICATE")
        )
    }
}
