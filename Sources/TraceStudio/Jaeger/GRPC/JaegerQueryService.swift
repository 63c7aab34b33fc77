internal import GRPCCore
internal import Logging
internal import ProtobufCoding
internal import TraceCollector
internal import TraceModel
internal import TraceQuery
internal import TraceStore
internal import TraceWire

/// `jaeger.api_v3.QueryService` and `jaeger.api_v2.QueryService`, without generated code (jaeger-idl, "api_v3/query_service.proto",
/// "api_v2/query.proto").
struct JaegerQueryService: RegistrableRPCService {
    /// Traces go out in messages of at most this many spans, far below the 4 MiB that clients take by default.
    private static let spansPerMessage = 500
    /// How long a client may take for one message.
    private static let stallTimeout = Duration.seconds(60)
    private static let version3 = "jaeger.api_v3.QueryService"
    private static let version2 = "jaeger.api_v2.QueryService"

    let traces: TraceSource
    let dependencies: DependencyCache
    /// How far spans may be moved to take out clock skew, nanoseconds; 0 moves none.
    let maximumClockSkew: UInt64
    let logger: Logger
    /// Nanoseconds since the Unix epoch.
    let clock: @Sendable () -> UInt64

    private var store: any TraceStore { traces.store }

    typealias Send = ([UInt8]) async throws -> Void

    func registerMethods<Transport: ServerTransport>(with router: inout RPCRouter<Transport>) {
        method(Self.version3, "GetTrace", &router) { try await trace3($0, send: $1) }
        method(Self.version3, "FindTraces", &router) { try await find3($0, send: $1) }
        method(Self.version3, "FindTraceSummaries", &router) { try await summaries($0, send: $1) }
        method(Self.version2, "GetTrace", &router) { try await trace2($0, send: $1) }
        method(Self.version2, "ArchiveTrace", &router, isStream: false) { try await archive($0, send: $1) }
        method(Self.version2, "FindTraces", &router) { try await find2($0, send: $1) }
        for name in [Self.version3, Self.version2] {
            method(name, "GetServices", &router, isStream: false) { try await services(send: $1) }
            method(name, "GetOperations", &router, isStream: false) { try await operations($0, isVersion2: name == Self.version2, send: $1) }
            method(name, "GetDependencies", &router, isStream: false) { try await dependencies($0, send: $1) }
        }
    }

    private func method<Transport: ServerTransport>(
        _ service: String, _ name: String, _ router: inout RPCRouter<Transport>, isStream: Bool = true,
        answer: @escaping @Sendable ([UInt8], Send) async throws -> Void
    ) {
        router.registerHandler(
            forMethod: MethodDescriptor(fullyQualifiedService: service, method: name, type: isStream ? .serverStreaming : .unary),
            deserializer: ByteDeserializer(),
            serializer: RawMessageSerializer()
        ) { [self] request, _ in
            var message: [UInt8]?
            for try await one in request.messages {
                guard message == nil else { throw RPCError(code: .invalidArgument, message: "\(name) takes one message, a second one arrived") }
                message = one
            }
            guard let message else { throw RPCError(code: .invalidArgument, message: "\(name) takes one message, none arrived") }
            return StreamingServerResponse { writer in
                do {
                    try await answer(message) { message in
                        try await Self.withinStallTimeout { try await writer.write(message) }
                    }
                } catch {
                    throw status(of: error, method: name)
                }
                return [:]
            }
        }
    }

    /// Writes a message, and gives up a client that takes none for too long.
    private static func withinStallTimeout(_ write: @escaping @Sendable () async throws -> Void) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask(operation: write)
            group.addTask {
                try await Task.sleep(for: stallTimeout)
                throw RPCError(code: .deadlineExceeded, message: "the client took no message for \(stallTimeout)")
            }
            defer { group.cancelAll() }
            try await group.next()
        }
    }

    private func status(of error: any Error, method: String) -> any Error {
        switch error {
        case let error as RPCError: return error
        case let error as QueryMessageError: return RPCError(code: .invalidArgument, message: error.message)
        case let error as BadParameter: return RPCError(code: .invalidArgument, message: error.message)
        case let error as APIError: return RPCError(code: error.status == 404 ? .notFound : error.status == 503 ? .unavailable : .internalError, message: error.message)
        case is CancellationError: return RPCError(code: .cancelled, message: "the call was cancelled")
        default:
            logger.error("A query failed", metadata: ["method": "\(method)", "error": "\(error)"])
            return RPCError(code: .internalError, message: "the trace store could not answer: \(error)")
        }
    }

    // MARK: Names

    /// `GetServicesResponse { 1 services rep string }`
    private func services(send: Send) async throws {
        let names = try await store.services()
        try await send(ProtobufWriter.message { $0.texts(1, names) })
    }

    /// `GetOperationsResponse { 1 operations rep Operation }`; version 2 has `{ 1 operationNames rep string, 2 operations }`.
    ///
    /// `Operation { 1 name, 2 span_kind }`
    private func operations(_ bytes: [UInt8], isVersion2: Bool, send: Send) async throws {
        let request = try JaegerOperationsRequest(bytes)
        guard !request.service.isEmpty else { throw RPCError(code: .invalidArgument, message: "the service is required") }
        let kind = request.kind.isEmpty ? nil : try SpanKind(jaegerParameter: request.kind)
        let operations = try await store.operations(service: request.service).filter { kind == nil || $0.kind == kind }
        var names: [String] = []
        for operation in operations where names.last != operation.name { names.append(operation.name) }
        try await send(
            ProtobufWriter.message { writer in
                if isVersion2 { writer.texts(1, names) }
                for operation in operations {
                    writer.message(isVersion2 ? 2 : 1) { writer in
                        writer.text(1, operation.name)
                        writer.text(2, operation.kind.jaegerName)
                    }
                }
            }
        )
    }

    /// `DependenciesResponse { 1 dependencies rep { 1 parent, 2 child, 3 call_count uint64 } }`
    private func dependencies(_ bytes: [UInt8], send: Send) async throws {
        let request = try JaegerDependenciesRequest(bytes)
        guard let start = request.start, let end = request.end else {
            throw RPCError(code: .invalidArgument, message: "start_time and end_time are required")
        }
        guard start <= end else { throw RPCError(code: .invalidArgument, message: "start_time must be before end_time") }
        let links = try await dependencies.links(in: start...end, rules: .jaeger)
        try await send(
            ProtobufWriter.message { writer in
                for link in links {
                    writer.message(1) { writer in
                        writer.text(1, link.parent)
                        writer.text(2, link.child)
                        writer.number(3, link.callCount)
                    }
                }
            }
        )
    }

    // MARK: Version 3

    private func trace3(_ bytes: [UInt8], send: Send) async throws {
        let request = try JaegerTraceRequest(bytes)
        let text = String(decoding: request.id, as: UTF8.self)
        let id = try SearchRequest.traceID(text)
        guard let trace = try await traces.trace(id) else { throw RPCError(code: .notFound, message: "trace not found") }
        // Its place among the large ones is taken until the last message is sent.
        defer { withExtendedLifetime(trace.permit) {} }
        try await sendOTLP(trace.trace, isRaw: request.isRaw, send: send)
    }

    private func find3(_ bytes: [UInt8], send: Send) async throws {
        let (search, isRaw) = try search3(bytes)
        for trace in try await store.findTraces(search) { try await sendOTLP(trace, isRaw: isRaw, send: send) }
    }

    private func search3(_ bytes: [UInt8]) throws -> (search: TraceSearch, isRaw: Bool) {
        guard let query = try JaegerTraceQuery.find(bytes) else { throw RPCError(code: .invalidArgument, message: "missing query") }
        guard let start = query.start, let end = query.end else {
            throw RPCError(code: .invalidArgument, message: "start time min and max are required parameters")
        }
        guard start <= end else { throw RPCError(code: .invalidArgument, message: "start time min must be before start time max") }
        guard !query.hasFilter else { throw RPCError(code: .invalidArgument, message: "the filter of a query is not supported") }
        return (query.search(in: start...end), query.isRaw)
    }

    /// `TracesData`, as many as it takes.
    private func sendOTLP(_ trace: StoredTrace, isRaw: Bool, send: Send) async throws {
        var batch = trace.batch
        if !isRaw, maximumClockSkew > 0 {
            batch = TraceAdjuster.adjust(traceID: trace.id, batch: batch, maximumClockSkew: maximumClockSkew).batch
        }
        for part in batch.parts(of: Self.spansPerMessage) { try await send(OTLPProtobuf.encode(part)) }
    }

    /// `FindTraceSummariesResponse { 1 summaries rep TraceSummary }`
    private func summaries(_ bytes: [UInt8], send: Send) async throws {
        let found = try await store.findTraces(try search3(bytes).search)
        try await send(ProtobufWriter.message(reserving: 4096) { writer in for trace in found { JaegerTraceSummary(trace).write(1, to: &writer) } })
    }

    // MARK: Version 2

    private func trace2(_ bytes: [UInt8], send: Send) async throws {
        let request = try JaegerTraceRequest(bytes)
        guard let trace = try await traces.trace(try Self.traceID(request.id)) else { throw RPCError(code: .notFound, message: "trace not found") }
        defer { withExtendedLifetime(trace.permit) {} }
        try await sendJaeger(trace.trace, isRaw: request.isRaw, send: send)
    }

    private func archive(_ bytes: [UInt8], send: Send) async throws {
        try await traces.keep(try Self.traceID(try JaegerTraceRequest(bytes).id))
        try await send([])
    }

    private func find2(_ bytes: [UInt8], send: Send) async throws {
        guard let query = try JaegerTraceQuery.find(bytes) else { throw RPCError(code: .invalidArgument, message: "missing query") }
        let start = query.start ?? 0
        let end = query.end ?? .max
        guard start <= end else { throw RPCError(code: .invalidArgument, message: "start time min must be before start time max") }
        for trace in try await store.findTraces(query.search(in: start...end)) { try await sendJaeger(trace, isRaw: query.isRaw, send: send) }
    }

    /// Sixteen bytes, or eight for a short id.
    private static func traceID(_ bytes: [UInt8]) throws -> TraceID {
        guard bytes.count == 16 || bytes.count == 8 else {
            throw RPCError(code: .invalidArgument, message: "malformed trace id of \(bytes.count) bytes, expecting 16")
        }
        func word(_ bytes: ArraySlice<UInt8>) -> UInt64 { bytes.reduce(0) { $0 << 8 | UInt64($1) } }
        return TraceID(high: bytes.count == 16 ? word(bytes[..<8]) : 0, low: word(bytes.suffix(8)))
    }

    /// `SpansResponseChunk`, as many as it takes.
    private func sendJaeger(_ trace: StoredTrace, isRaw: Bool, send: Send) async throws {
        var batch = trace.batch
        var warnings: [Int: [String]] = [:]
        if !isRaw {
            let adjusted = TraceAdjuster.adjust(traceID: trace.id, batch: batch, maximumClockSkew: maximumClockSkew)
            (batch, warnings) = (adjusted.batch, adjusted.warnings)
        }
        var first = 0
        for part in batch.parts(of: Self.spansPerMessage) {
            defer { first += part.spanCount }
            var own: [Int: [String]] = [:]
            if !warnings.isEmpty { for number in 0..<part.spanCount { own[number] = warnings[first + number] } }
            try await send(JaegerProtobuf.encodeSpansResponseChunk(part, warnings: own))
        }
    }
}
