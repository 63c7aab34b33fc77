internal import Logging
internal import TraceModel
internal import TraceWire

/// The way of decoded spans into the store, the same for every protocol: counting, commit, and the reason of a refusal.
struct SpanReception: Sendable {
    let ingest: SpanIngest
    let spanProtocol: SpanProtocol
    /// ``ReceiverLimits/maximumSpansPerRequest``.
    let maximumSpans: Int
    let logger: Logger

    /// Makes the usable spans durable.
    ///
    /// Where the protocol has no words for a partial success, a request without a single usable span is refused as malformed.
    func store(_ decoded: DecodedSpans) async throws(SpanRefusal) {
        let count = decoded.batch.spanCount + decoded.rejectedSpanCount
        guard count <= maximumSpans else { throw .tooLarge("of \(count) spans", limit: maximumSpans, unit: "spans") }
        ingest.countRejected(decoded.rejectedSpanCount, from: spanProtocol)
        if decoded.rejectedSpanCount > 0 {
            logger.debug("Spans refused", metadata: ["protocol": "\(spanProtocol.rawValue)", "reason": "\(decoded.rejectionMessage)"])
            if !spanProtocol.reportsPartialSuccess, decoded.batch.spanCount == 0 { throw SpanRefusal(.malformed, decoded.rejectionMessage) }
        }
        do {
            try await ingest.accept(decoded.batch, from: spanProtocol)
        } catch let error as IngestError {
            throw SpanRefusal(error)
        } catch {
            throw SpanRefusal(.unavailable, "the spans were not stored (\(error)); send them again")
        }
    }

    /// Counts and logs a refusal that is about to be answered.
    func note(_ refusal: SpanRefusal) {
        if refusal.isMalformedRequest { ingest.countMalformedRequest(from: spanProtocol) }
        logger.debug("Spans refused", metadata: ["protocol": "\(spanProtocol.rawValue)", "reason": "\(refusal.message)"])
    }
}
