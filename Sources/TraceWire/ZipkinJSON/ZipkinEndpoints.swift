internal import TraceModel

/// The endpoints of a span that came from a client of Zipkin's own, out of the attributes in which the decoder keeps them.
enum ZipkinEndpoints {
    static func local(of span: Span, serviceName: String) -> ZipkinEndpoint {
        let (ipv4, ipv6) = addresses(span, ZipkinTag.hostIP, "local_ipv6")
        return ZipkinEndpoint(serviceName: serviceName, ipv4: ipv4, ipv6: ipv6, port: port(span, ZipkinTag.hostPort))
    }

    static func remote(of span: Span) -> ZipkinEndpoint {
        let (ipv4, ipv6) = addresses(span, ZipkinTag.peerIP, "remote_ipv6")
        return ZipkinEndpoint(serviceName: text(span, ZipkinTag.peerService), ipv4: ipv4, ipv6: ipv6, port: port(span, ZipkinTag.peerPort))
    }

    /// The attributes that the endpoints were read from, which are no tags.
    static func keys(of span: Span) -> [String] {
        localKeys(of: span) + keys(of: span, address: ZipkinTag.peerIP, [ZipkinTag.peerService, ZipkinTag.peerPort]) + [ZipkinTag.otherPrefix + "remote_ipv6"]
    }

    static func localKeys(of span: Span) -> [String] {
        keys(of: span, address: ZipkinTag.hostIP, [ZipkinTag.hostPort]) + [ZipkinTag.otherPrefix + "local_ipv6"]
    }

    static func hasLocalAddress(_ span: Span) -> Bool { isAddress(span, ZipkinTag.hostIP) }

    private static func keys(of span: Span, address: String, _ others: [String]) -> [String] {
        ((isAddress(span, address) ? [address] : []) + others).map { key(span, $0) }
    }

    /// Where a tag has the key, the endpoint is kept under another.
    private static func key(_ span: Span, _ key: String) -> String {
        span.attributes[ZipkinTag.otherPrefix + key] == nil ? key : ZipkinTag.otherPrefix + key
    }

    private static func text(_ span: Span, _ name: String) -> String {
        span.attributes[key(span, name)].map(PlainJSON.text) ?? ""
    }

    /// A tag of this key may be anything; an endpoint has an IP address.
    private static func isAddress(_ span: Span, _ name: String) -> Bool {
        let address = text(span, name)
        return ZipkinPeer.isIPv4(address) || ZipkinPeer.isIPv6(address)
    }

    private static func port(_ span: Span, _ name: String) -> UInt16 { UInt16(text(span, name)) ?? 0 }

    private static func addresses(_ span: Span, _ name: String, _ other: String) -> (ipv4: String, ipv6: String) {
        let address = isAddress(span, name) ? text(span, name) : ""
        if address.utf8.contains(UInt8(ascii: ":")) { return ("", address) }
        return (address, span.attributes[ZipkinTag.otherPrefix + other].map(PlainJSON.text) ?? "")
    }
}

extension ZipkinSpan {
    /// One of OpenTelemetry's exporters wrote the span, not a client of Zipkin's own.
    static func isOpenTelemetry(_ resource: Resource, _ scope: InstrumentationScope) -> Bool {
        !scope.name.isEmpty || !scope.version.isEmpty || resource.attributes.contains { $0.key.hasPrefix("telemetry.sdk.") }
    }
}
