internal import GRPCCore
internal import NeedletailTracing
internal import Synchronization
internal import TraceModel
internal import TracingConventions

/// The span of one call: what server and client have in common.
final class CallSpan: Sendable {
    let lease: SpanLease
    private let kind: TraceModel.SpanKind
    private let recordsMessages: Bool
    private let sent = Atomic(0)
    private let received = Atomic(0)

    init(_ span: NeedletailSpan, kind: TraceModel.SpanKind, recordsMessages: Bool) {
        self.lease = SpanLease(span)
        self.kind = kind
        self.recordsMessages = recordsMessages
    }

    /// The attributes of the start.
    func describe(method: String, server: NetworkEndpoint?, peer: NetworkEndpoint?, metadata: Metadata, captured: [String]) {
        let client = kind == .server ? peer : nil
        lease.span.setAttributes(GRPCConventions.attributes(method: method, server: server, client: client, peer: peer))
        for name in captured {
            let key = name.lowercased()
            let values = metadata[stringValues: key].map { AttributeValue.string($0) }
            if !values.isEmpty { lease.span.setAttribute("rpc.request.metadata.\(key)", .array(values)) }
        }
    }

    /// The call went well.
    func succeed() { lease.end(attributes: GRPCConventions.attributes(of: .ok, kind: kind)) }

    /// The call ended with a status, or with an error that never became one.
    func fail(_ error: any Error) {
        let status = (error as? any RPCErrorConvertible).map { RPCError($0) }
        // Servers answer UNKNOWN to errors that are none of gRPC.
        let code = status.flatMap { GRPCStatusCode(rawValue: $0.code.rawValue) } ?? (error is CancellationError ? .cancelled : .unknown)
        var list = GRPCConventions.attributes(of: code, kind: kind)
        guard code.isError(kind: kind) else {
            lease.end(attributes: list)
            return
        }
        if status == nil { list[list.count - 1] = Attribute("error.type", .string(ErrorType.name(of: error))) }
        lease.span.setError(status?.message)
        if status == nil { lease.fail(error, attributes: list) } else { lease.end(attributes: list) }
    }

    // MARK: Messages

    func messageSent() {
        if recordsMessages { addMessage("SENT", number: sent.add(1, ordering: .relaxed).newValue) }
    }

    func messageReceived() {
        if recordsMessages { addMessage("RECEIVED", number: received.add(1, ordering: .relaxed).newValue) }
    }

    private func addMessage(_ type: AttributeValue, number: Int) {
        lease.span.addEvent("rpc.message", attributes: [Attribute("rpc.message.type", type), Attribute("rpc.message.id", .int(Int64(number)))])
    }

    /// A writer that tells of each message.
    func watching<Message>(_ writer: RPCWriter<Message>) -> RPCWriter<Message> {
        recordsMessages ? RPCWriter(wrapping: WatchedWriter(writer: writer, call: self)) : writer
    }

    /// A sequence that tells of each message.
    func watching<Message>(_ messages: RPCAsyncSequence<Message, any Error>) -> RPCAsyncSequence<Message, any Error> {
        guard recordsMessages else { return messages }
        return RPCAsyncSequence(
            wrapping: messages.map { message in
                self.messageReceived()
                return message
            })
    }
}

private struct WatchedWriter<Message: Sendable>: RPCWriterProtocol {
    let writer: RPCWriter<Message>
    let call: CallSpan

    func write(_ element: Message) async throws {
        try await writer.write(element)
        call.messageSent()
    }

    func write(contentsOf elements: some Sequence<Message>) async throws {
        for element in elements { try await write(element) }
    }
}
