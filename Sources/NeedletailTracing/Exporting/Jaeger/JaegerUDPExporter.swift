public import TraceModel
internal import TraceWire

/// Sends spans to a Jaeger agent, or a collector, as Thrift over UDP (compact protocol, port 6831).
///
/// A batch becomes as many datagrams as it needs, each filled as far as it fits. A span that alone is too large is shortened, not
/// lost: the largest values of attributes and events are cut, then events, links and attributes are dropped and counted; ids,
/// name, kind, status and times stay, and the attribute `needletail.shortened` is `true`.
///
/// UDP has no answers: what goes astray on the network is not noticed. What the operating system tells is reported, for
/// instance that no route leads to the host or that no one listens there.
public struct JaegerUDPExporter: SpanExporter {
    private let agent: JaegerAgentConnection
    private let maximumTagValueLength: Int?

    /// - Throws: ``TracingConfigurationError`` when the host, the port or the size cannot be used.
    public init(configuration: JaegerUDPExporterConfiguration = JaegerUDPExporterConfiguration()) throws(TracingConfigurationError) {
        agent = JaegerAgentConnection(
            host: try configuration.checkedHost(), port: configuration.port, packetSize: try configuration.checkedPacketSize()
        )
        maximumTagValueLength = configuration.maximumTagValueLength
    }

    public func export(_ batch: SpanBatch) async throws -> SpanExportResult {
        var sent = 0
        var warning = ""
        do {
            for group in batch.resourceSpans {
                var datagrams = JaegerDatagrams(group, maximumSize: agent.packetSize, maximumTagValueLength: maximumTagValueLength)
                while let datagram = datagrams.next() {
                    try Task.checkCancellation()
                    switch try await agent.send(datagram.bytes) {
                    case .sent: sent += datagram.spanCount
                    case .sentAfterLoss(let reason):
                        sent += datagram.spanCount
                        warning = "spans sent before are probably lost: \(reason)"
                    case .tooLarge(let smallerSize):
                        datagrams.putBack(datagram)
                        datagrams.maximumSize = smallerSize
                    }
                }
            }
        } catch let error as SpanExportError where sent > 0 {
            return SpanExportResult(rejectedSpanCount: batch.spanCount - sent, message: error.message)
        }
        return SpanExportResult(message: warning)
    }

    public func shutdown() async {
        await agent.shutdown()
    }
}

extension JaegerUDPExporterConfiguration {
    /// The host without the brackets of an IPv6 address.
    fileprivate func checkedHost() throws(TracingConfigurationError) -> String {
        let bare = host.first == "[" && host.last == "]" ? String(host.dropFirst().dropLast()) : host
        let authority = bare.contains(":") ? "[\(bare)]:\(port)" : "\(bare):\(port)"
        guard let parsed = HostAndPort(Substring(authority)) else {
            throw TracingConfigurationError(
                code: .invalidEndpoint,
                message: "Jaeger agent \"\(host)\", port \(port): expected a host name or address without scheme "
                    + "(OTEL_EXPORTER_JAEGER_AGENT_HOST) and a port from 1 to 65535 (OTEL_EXPORTER_JAEGER_AGENT_PORT)"
            )
        }
        return parsed.host
    }

    fileprivate func checkedPacketSize() throws(TracingConfigurationError) -> Int {
        let range = JaegerDatagrams.smallestSize...JaegerDatagrams.largestSize
        guard range.contains(maximumPacketSize) else {
            throw TracingConfigurationError(
                code: .invalidEndpoint,
                message: "Jaeger agent \(host), port \(port): a maximumPacketSize of \(maximumPacketSize) bytes; expected "
                    + "\(range.lowerBound) to \(range.upperBound); Jaeger reads up to 65000"
            )
        }
        return maximumPacketSize
    }
}
