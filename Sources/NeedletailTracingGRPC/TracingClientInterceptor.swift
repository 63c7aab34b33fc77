public import GRPCCore
public import NeedletailTracing
internal import ServiceContextModule
internal import TraceModel
internal import Tracing
internal import TracingConventions

/// Makes a client span for each call, and sends the trace context along.
///
/// ```swift
/// GRPCClient(transport: transport, interceptors: [TracingClientInterceptor(server: "inventory", port: 8090)])
/// ```
///
/// The span has the name `package.Service/Method` and lives until the status is here, the stream fails, or nobody reads it
/// any more. Every status but OK fails it. Each attempt of a call that gRPC retries has a span of its own. Semantic
/// conventions: "gRPC", release candidate.
public struct TracingClientInterceptor: ClientInterceptor {
    private let tracer: NeedletailTracer?
    private let server: NetworkEndpoint?
    private let configuration: GRPCTracingConfiguration

    /// - Parameters:
    ///   - tracer: `nil` takes the one that is active when a call is made
    ///     (``NeedletailTracing/NeedletailTracer/active``); without one, calls are not traced.
    ///   - server: the name of the server as the client was told it, for `server.address`: interceptors only get to see the
    ///     address of the connection, which is taken without it.
    ///   - port: the port that goes with the name.
    public init(
        tracer: NeedletailTracer? = nil,
        server: String? = nil,
        port: Int? = nil,
        configuration: GRPCTracingConfiguration = GRPCTracingConfiguration()
    ) {
        self.tracer = tracer
        self.server = server.map { NetworkEndpoint(address: $0, port: port) }
        self.configuration = configuration
    }

    public func intercept<Input: Sendable, Output: Sendable>(
        request: StreamingClientRequest<Input>,
        context: ClientContext,
        next: (StreamingClientRequest<Input>, ClientContext) async throws -> StreamingClientResponse<Output>
    ) async throws -> StreamingClientResponse<Output> {
        guard let tracer = tracer ?? NeedletailTracer.active, !configuration.isExcluded(context.descriptor) else {
            return try await next(request, context)
        }
        let base = ServiceContext.current ?? .topLevel
        let method = context.descriptor.fullyQualifiedMethod
        let span = tracer.startSpan(method, parent: base.traceContext, kind: .client, base: base)
        let serviceContext = span.context
        var request = request
        tracer.inject(serviceContext, into: &request.metadata, using: MetadataInjector())
        guard span.isRecording else {
            return try await ServiceContext.withValue(serviceContext) { try await next(request, context) }
        }
        let call = CallSpan(span, kind: .client, recordsMessages: configuration.recordsMessages)
        let peer = NetworkEndpoint(grpcPeer: context.remotePeer)
        call.describe(
            method: method,
            server: server ?? peer,
            peer: peer,
            metadata: request.metadata,
            captured: configuration.capturedRequestMetadata
        )
        let producer = request.producer
        request.producer = { try await producer(call.watching($0)) }
        do {
            return try await ServiceContext.withValue(serviceContext) { try await next(request, context) }.tracing(call)
        } catch {
            call.fail(error)
            throw error
        }
    }
}

extension StreamingClientResponse {
    /// The response; the end of its messages is the end of the span.
    fileprivate func tracing(_ call: CallSpan) -> StreamingClientResponse {
        switch accepted {
        case .failure(let error):
            call.fail(error)
            return self
        case .success(let contents):
            let parts = TracedParts(parts: contents.bodyParts, call: call)
            return StreamingClientResponse(of: Message.self, metadata: contents.metadata, bodyParts: RPCAsyncSequence(wrapping: parts))
        }
    }
}

/// What the server sends, watched for the end.
private struct TracedParts<Message: Sendable>: AsyncSequence, Sendable {
    typealias Part = StreamingClientResponse<Message>.Contents.BodyPart

    let parts: RPCAsyncSequence<Part, any Error>
    let call: CallSpan

    func makeAsyncIterator() -> Iterator { Iterator(parts: parts.makeAsyncIterator(), call: call) }

    struct Iterator: AsyncIteratorProtocol {
        var parts: RPCAsyncSequence<Part, any Error>.AsyncIterator
        let call: CallSpan

        mutating func next() async throws -> Part? { try await next(isolation: nil) }

        mutating func next(isolation actor: isolated (any Actor)?) async throws -> Part? {
            do {
                let part = try await parts.next(isolation: actor)
                switch part {
                case .message: call.messageReceived()
                case .trailingMetadata, nil: call.succeed()
                }
                return part
            } catch {
                call.fail(error)
                throw error
            }
        }
    }
}
