/// A request as a front end read it, before it is checked against the model.
package struct UncheckedRequest: Sendable {
    package var id: String
    package var inputs: NamedTensors
    package var requestedOutputs: [String]
    package var parameters: [String: ParameterValue]

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
