/// Where an exporter sends over HTTP: a checked URL.
struct HTTPEndpoint: Hashable, Sendable, CustomStringConvertible {
    /// With a scheme; the path is the one that was given, `/` when there was none.
    let url: String

    var description: String { url }

    /// Reads an endpoint with or without scheme (`http` is assumed).
    ///
    /// - Throws: ``TracingConfigurationError`` `.invalidEndpoint`.
    init(_ text: String, names: ExporterNames) throws(TracingConfigurationError) {
        let parts = EndpointText(text)
        func failure(_ reason: String) -> TracingConfigurationError {
            .endpoint(parts, reason, names, expected: "host:port/path or http(s)://host:port/path")
        }
        if let reason = parts.mistake(names) { throw failure(reason) }
        let scheme = parts.scheme ?? "http"
        guard scheme == "http" || scheme == "https" else { throw failure("unknown scheme \"\(scheme)\"") }
        guard HostAndPort(parts.authority) != nil else { throw failure(HostAndPort.mistake) }
        url = "\(scheme)://\(parts.authority)\(parts.path.hasPrefix("/") ? "" : "/")\(parts.path)"
    }
}
