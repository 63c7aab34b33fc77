internal import TraceModel

/// What both halves of a request have in common: the client's span.
struct ServiceEdgeKey: Hashable, Sendable {
    var traceID: TraceID
    var clientSpanID: SpanID
}

/// A request between two services, of which perhaps only one half is known yet.
struct ServiceEdge: Sendable {
    var traceID: TraceID
    /// Empty until the client's span has come.
    var client = ""
    /// Empty until the server's span has come, or is not needed.
    var server = ""
    var connectionType = ConnectionType.plain
    var virtualNode = VirtualNode.none
    var hasFailed = false
    /// Nanoseconds.
    var clientDuration: UInt64 = 0
    var serverDuration: UInt64 = 0
    /// Nanoseconds since the Unix epoch.
    var clientEnd: UInt64 = 0
    var serverStart: UInt64 = 0
    /// What the client's span calls the other side.
    var peer = ""
    var clientDimensions: [String] = []
    var serverDimensions: [String] = []
    var weight = 1.0

    init(traceID: TraceID) {
        self.traceID = traceID
    }

    var isComplete: Bool { !client.isEmpty && !server.isEmpty }
}
