internal import Inference

/// A decoded request and how its answer is to be encoded.
struct InferenceCall: Sendable {
    var request: UncheckedRequest
    /// Outputs that are sent as raw bytes behind the JSON.
    var binaryOutputs: Set<String> = []
    /// All outputs are sent so, unless the request says otherwise for one.
    var isBinaryByDefault = false
    /// Outputs for which the request says "not binary".
    var textOutputs: Set<String> = []
    /// Outputs of which the best so many classes are asked for.
    var classifications: [String: Int] = [:]
    /// Outputs that go into shared memory.
    var placements: [String: SharedMemoryRange] = [:]

    init(_ request: UncheckedRequest) {
        self.request = request
    }

    func isBinary(_ output: String) -> Bool {
        binaryOutputs.contains(output) || (isBinaryByDefault && !textOutputs.contains(output))
    }
}
