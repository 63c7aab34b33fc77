internal import GRPCCore

/// What the spans of gRPC calls tell, and which calls get none.
public struct GRPCTracingConfiguration: Sendable {
    /// Methods (`package.Service/Method`) and whole services (`package.Service`) that are not traced: no span, no context.
    public var excludedMethods: Set<String> = []
    /// Also add an event for each message sent and received. For streams with few messages: a span keeps a bounded number
    /// of events.
    public var recordsMessages = false
    /// Request metadata to record as `rpc.request.metadata.<key>`. None unless you name it: metadata carries secrets.
    public var capturedRequestMetadata: [String] = []

    public init() {}

    func isExcluded(_ method: MethodDescriptor) -> Bool {
        guard !excludedMethods.isEmpty else { return false }
        return excludedMethods.contains(method.fullyQualifiedMethod) || excludedMethods.contains(method.service.fullyQualifiedService)
    }
}
