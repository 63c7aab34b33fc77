/// A request as a front end read it, before it is checked against the model.
package struct UncheckedRequest: Sendable {
    package var id: String
    package var inputs: NamedTensors
    package var requestedOutputs: [String]
    package var parameters: [String: ParameterValue]
    /// 1 is the highest; 0: the model's default. Request parameter `priority`.
    package var priority = 0
    /// How long it may wait in the queue, microseconds; 0: no limit of its own. Request parameter `timeout`.
    package var timeoutMicroseconds: UInt64 = 0
    /// Request parameters `sequence_id`, `sequence_start`, `sequence_end`.
    package var sequence: SequencePosition?

    package init(
        id: String = "",
        inputs: NamedTensors = NamedTensors(),
        requestedOutputs: [String] = [],
        parameters: [String: ParameterValue] = [:]
    ) {
        self.id = id
        self.inputs = inputs
        self.requestedOutputs = requestedOutputs
        self.parameters = parameters
    }
}
