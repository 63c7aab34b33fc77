/// What a request under way can do besides giving its result.
package protocol RequestExchange: Sendable {
    /// Gives one response of a decoupled model's request; waits while the client is slower than the model.
    ///
    /// - Throws: `cancelled` when nobody waits for it any more, `invalidArgument` for a model that is not decoupled.
    func send(_ outputs: NamedTensors) async throws(InferenceError)
    /// Executes another model as part of the request; its spans become children of the request's model span.
    ///
    /// - Parameter onResponse: takes each response of a decoupled model; without it there must be exactly one.
    func call(_ call: ModelCall, parent: InferenceRequest, onResponse: (@Sendable (NamedTensors) async throws -> Void)?) async throws(InferenceError) -> NamedTensors
    /// Nobody waits for the answer any more.
    var isCancelled: Bool { get }
}

/// A request of one model to another.
public struct ModelCall: Sendable {
    public var modelName: String
    /// `nil`: the newest that is served.
    public var modelVersion: Int?
    public var id: String
    public var inputs: NamedTensors
    /// Empty: all.
    public var requestedOutputs: [String]
    public var parameters: [String: ParameterValue]
    /// 1 is the highest; 0: the model's default.
    public var priority = 0
    /// How long it may wait in the queue, microseconds; 0: no limit of its own.
    public var timeoutMicroseconds: UInt64 = 0
    public var sequence: SequencePosition?

    public init(
        _ modelName: String,
        version: Int? = nil,
        id: String = "",
        inputs: NamedTensors,
        requestedOutputs: [String] = [],
        parameters: [String: ParameterValue] = [:]
    ) {
        self.modelName = modelName
        modelVersion = version
        self.id = id
        self.inputs = inputs
        self.requestedOutputs = requestedOutputs
        self.parameters = parameters
    }
}

extension InferenceRequest {
    /// Gives one response of a decoupled model's request; waits while the client is slower than the model.
    ///
    /// - Throws: `cancelled` when nobody waits for it any more, `invalidArgument` for a model that is not decoupled.
    public func send(_ outputs: NamedTensors) async throws(InferenceError) {
        guard let exchange else { throw InferenceError(.unsupported, "the request stands outside a server: there is nobody to send to") }
        try await exchange.send(outputs)
    }

    /// Executes another model of the server as part of this request; its spans become children of this request's model span.
    ///
    /// - Throws: what the other model fails with.
    public func call(_ call: ModelCall) async throws(InferenceError) -> NamedTensors {
        guard let exchange else { throw InferenceError(.unsupported, "the request stands outside a server: there is no model to call") }
        return try await exchange.call(call, parent: self, onResponse: nil)
    }

    /// Executes a decoupled model of the server as part of this request, and gives each of its responses to the closure.
    public func call(_ call: ModelCall, onResponse: @escaping @Sendable (NamedTensors) async throws -> Void) async throws(InferenceError) {
        guard let exchange else { throw InferenceError(.unsupported, "the request stands outside a server: there is no model to call") }
        _ = try await exchange.call(call, parent: self, onResponse: onResponse)
    }

    /// Nobody waits for the answer any more; a long computation may stop.
    public var isCancelled: Bool { Task.isCancelled || cancellation?.isSet ?? false || exchange?.isCancelled ?? false }
}
