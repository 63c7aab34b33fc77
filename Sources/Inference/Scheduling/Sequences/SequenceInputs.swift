/// What the scheduler adds to the requests of a sequence, and keeps of their outputs: control inputs and implicit states.
struct SequenceInputs: Sendable {
    private let policy: SequenceBatching
    private let definition: ModelDefinition
    private let stateOutputs: Set<String>
    /// Batches are filled up to the slots of their sequences, and a control input tells which are real.
    let padsSlots: Bool

    init?(_ definition: ModelDefinition) {
        guard case .sequence(let policy) = definition.batching else { return nil }
        self.policy = policy
        self.definition = definition
        stateOutputs = Set(policy.states.map(\.outputName))
        if case .direct = policy.strategy {
            padsSlots = definition.isBatching && policy.controlInputs.contains { $0.kind == .ready }
        } else {
            padsSlots = false
        }
    }

    /// Checks what the sequence batcher asks of a request.
    ///
    /// - Throws: `invalidArgument` with Triton's words.
    func mark(_ request: InferenceRequest) throws(InferenceError) -> SequenceMark {
        guard request.batchSize <= 1 else {
            throw InferenceError(
                .invalidArgument,
                "inference request to model '\(definition.name)' must specify batch-size 1 due to requirements of sequence batcher"
            )
        }
        guard let position = request.sequence, position.id != .number(0), position.id != .text("") else {
            throw InferenceError(
                .invalidArgument,
                "inference request to model '\(definition.name)' must specify a non-zero or non-empty correlation ID"
            )
        }
        return SequenceMark(id: position.id, isStart: position.isStart, isEnd: position.isEnd)
    }

    /// The request with the inputs that the model expects besides the client's.
    ///
    /// - Parameter isReady: `false` for one that only fills a slot.
    func prepared(_ request: InferenceRequest, mark: SequenceMark, isReady: Bool = true) throws(InferenceError) -> InferenceRequest {
        var request = request
        for control in policy.controlInputs { request.inputs[control.name] = try tensor(control, mark: mark, isReady: isReady) }
        let kept = mark.isStart ? NamedTensors() : mark.memory.states
        for state in policy.states {
            if let tensor = kept[state.outputName] {
                request.inputs[state.inputName] = tensor
            } else {
                request.inputs[state.inputName] = try zeros(state)
            }
        }
        return request
    }

    /// Keeps the states among a request's outputs; the client gets those that are declared as outputs, too.
    func keepStates(of outputs: NamedTensors, mark: SequenceMark) throws(InferenceError) -> NamedTensors {
        guard !policy.states.isEmpty else { return outputs }
        var kept = NamedTensors()
        var rest = outputs
        for state in policy.states {
            guard let tensor = outputs[state.outputName] else {
                throw InferenceError(
                    .internal,
                    "model '\(definition.name)' gave no output '\(state.outputName)', which is the state of its sequences; it gave \(outputs.names)"
                )
            }
            kept[state.outputName] = try tensor.converted(to: state.dataType)
            if definition.output(named: state.outputName) == nil { rest[state.outputName] = nil }
        }
        mark.memory.states = kept
        return rest
    }

    private func tensor(_ control: SequenceBatching.ControlInput, mark: SequenceMark, isReady: Bool) throws(InferenceError) -> Tensor {
        let shape = definition.isBatching ? [1, 1] : [1]
        switch control.kind {
        case .start: return try flag(control, mark.isStart && isReady, shape: shape)
        case .end: return try flag(control, mark.isEnd && isReady, shape: shape)
        case .ready: return try flag(control, isReady, shape: shape)
        case .correlationID:
            switch mark.id {
            case .text(let text):
                guard control.dataType == .bytes else { throw wrongID("\"\(text)\"", control) }
                return try Tensor(strings: [text], shape: shape)
            case .number(let number):
                switch control.dataType {
                case .uint64: return try Tensor([number], shape: shape)
                case .int64: return try Tensor([Int64(truncatingIfNeeded: number)], shape: shape)
                case .uint32:
                    guard let small = UInt32(exactly: number) else { throw wrongID("\(number)", control) }
                    return try Tensor([small], shape: shape)
                case .int32:
                    guard let small = Int32(exactly: number) else { throw wrongID("\(number)", control) }
                    return try Tensor([small], shape: shape)
                default: throw wrongID("\(number)", control)
                }
            }
        }
    }

    private func flag(_ control: SequenceBatching.ControlInput, _ value: Bool, shape: [Int]) throws(InferenceError) -> Tensor {
        let values = control.falseTrue.count == 2 ? control.falseTrue : [0, 1]
        return try Tensor([values[value ? 1 : 0]], shape: shape).converted(to: control.dataType)
    }

    private func wrongID(_ id: String, _ control: SequenceBatching.ControlInput) -> InferenceError {
        InferenceError(
            .invalidArgument,
            "the sequence id \(id) cannot be given to model '\(definition.name)', whose control input '\(control.name)' is \(control.dataType)"
        )
    }

    /// The state before the first request; an axis of any size is 1.
    private func zeros(_ state: SequenceBatching.State) throws(InferenceError) -> Tensor {
        try .zeros(state.dataType, shape: (definition.isBatching ? [1] : []) + state.shape.map { $0 < 0 ? 1 : $0 })
    }
}

extension Tensor {
    /// A tensor of zeros, or of empty texts.
    static func zeros(_ dataType: DataType, shape: [Int]) throws(InferenceError) -> Tensor {
        let count = try checkedElementCount(of: shape)
        let (size, overflow) = count.multipliedReportingOverflow(by: dataType.byteWidth ?? 4)
        guard !overflow, size <= maxZerosSize else {
            throw InferenceError(.invalidArgument, "a tensor of shape \(text(of: shape)) is beyond the limit of \(maxZerosSize) bytes")
        }
        return Tensor(uncheckedDataType: dataType, shape: shape, storage: Array(repeating: 0, count: size))
    }

    /// 1 GiB.
    private static let maxZerosSize = 1 << 30
}
