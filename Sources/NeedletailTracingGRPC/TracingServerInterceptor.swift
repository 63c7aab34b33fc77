public import GRPCCore
public import NeedletailTracing
internal import ServiceContextModule
internal import TraceModel
internal import Tracing
internal import TracingConventions

/// Makes a server span for each call, as a part of the caller's trace.
///
/// ```swift
/// GRPCServer(transport: transport, services: services, interceptors: [TracingServerInterceptor()])
/// ```
///
/// The span has the name `package.Service/Method` and lives until the last message is written. What the handler starts is
/// a child of it. Status codes that are the server's fault (UNKNOWN, DEADLINE_EXCEEDED, UNIMPLEMENTED, INTERNAL,
/// UNAVAILABLE, DATA_LOSS) fail it; an error that is none of gRPC is recorded as an `exception` event too. Semantic
/// conventions: "gRPC", release candidate. A call of a method that the server does not have never reaches interceptors.
public struct TracingServerInterceptor: ServerInterceptor {
    private let tracer: NeedletailTracer?
    private let configuration: GRPCTracingConfiguration

    /// - Parameter tracer: `nil` takes the one that is active when a call comes
    ///   (``NeedletailTracing/NeedletailTracer/active``); without one, calls are not traced.
    public init(tracer: NeedletailTracer? = nil, configuration: GRPCTracingConfiguration = GRPCTracingConfiguration()) {
        self.tracer = tracer
        self.configuration = configuration
    }

    public func intercept<Input: Sendable, Output: Sendable>(
        request: StreamingServerRequest<Input>,
        context: ServerContext,
        next: @Sendable (StreamingServerRequest<Input>, ServerContext) async throws -> StreamingServerResponse<Output>
    ) async throws -> StreamingServerResponse<Output> {
        guard let tracer = tracer ?? NeedletailTracer.active, !configuration.isExcluded(context.descriptor) else {
            return try await next(request, context)
        }
        var base = ServiceContext.current ?? .topLevel
        tracer.extract(request.metadata, into: &base, using: MetadataExtractor())
        let method = context.descriptor.fullyQualifiedMethod
        let span = tracer.startSpan(method, parent: base.traceContext, kind: .server, base: base)
        let serviceContext = span.context
        guard span.isRecording else {
            let response = try await ServiceContext.withValue(serviceContext) { try await next(request, context) }
            return response.tracing(nil, in: serviceContext)
        }
        let call = CallSpan(span, kind: .server, recordsMessages: configuration.recordsMessages)
        call.describe(
            method: method,
            server: NetworkEndpoint(grpcPeer: context.localPeer),
            peer: NetworkEndpoint(grpcPeer: context.remotePeer),
            metadata: request.metadata,
            captured: configuration.capturedRequestMetadata
        )
        var request = request
        request.messages = call.watching(request.messages)
        do {
            let response = try await ServiceContext.withValue(serviceContext) { [request] in try await next(request, context) }
            return response.tracing(call, in: serviceContext)
        } catch {
            call.fail(error)
            throw error
        }
    }
}

extension StreamingServerResponse {
    /// The response, whose messages are written within the service context; their end is the end of the span.
    fileprivate func tracing(_ call: CallSpan?, in context: ServiceContext) -> StreamingServerResponse {
        switch accepted {
        case .failure(let error):
            call?.fail(error)
            return self
        case .success(let contents):
            // The producer runs after the handler has returned: nothing of the task's context is left there.
            return StreamingServerResponse(metadata: contents.metadata) { writer in
                do {
                    let trailers = try await ServiceContext.withValue(context) {
                        try await contents.producer(call?.watching(writer) ?? writer)
                    }
                    call?.succeed()
                    return trailers
                } catch {
                    call?.fail(error)
                    throw error
                }
            }
        }
    }
}
