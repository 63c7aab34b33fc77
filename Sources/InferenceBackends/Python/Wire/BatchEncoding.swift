internal import Inference
internal import JSONCoding
internal import TraceModel


/// A batch as a worker reads it: docs/python-workers.md, "execute".
///
/// When all requests have the same inputs with the same axes behind the batch axis, which is the rule, each input travels as one
/// array for the whole batch, and Python cuts it into views.
enum BatchEncoding {
    static func frame(_ batch: ModelBatch, number: UInt32, parents: [TraceContext?], arena: inout TensorArena) throws -> WorkerFrame {
        let requests = batch.requests
        var tensors = TensorWriter()
        var json = JSONWriter(reserving: 256)
        json.beginObject()
        json.key("n")
        json.int(requests.count)
        if isUniform(requests) {
            json.key("rows")
            json.beginArray()
            for request in requests { json.int(request.batchSize) }
            json.endArray()
            json.key("in")
            json.beginArray()
            let first = requests[0].inputs
            for index in first.indices {
                let (name, tensor) = first[index]
                let parts = requests.map { $0.inputs.tensors[index].storage }
                try tensors.add(name, tensor.dataType, shape: tensor.shape.dropFirst(), parts: parts, to: &json, arena: &arena)
            }
            json.endArray()
        } else {
            json.key("each")
            json.beginArray()
            for request in requests { try write(request.inputs, to: &json, tensors: &tensors, arena: &arena) }
            json.endArray()
        }
        writeHeads(requests, parents: parents, to: &json)
        json.endObject()
        return WorkerFrame(.execute, batch: number, header: json.finish(), body: tensors.body)
    }

    /// Writes `[[name, type, axes, …], …]`.
    static func write(_ inputs: NamedTensors, to json: inout JSONWriter, tensors: inout TensorWriter, arena: inout TensorArena) throws {
        json.beginArray()
        for (name, tensor) in inputs {
            try tensors.add(name, tensor.dataType, shape: tensor.shape[...], parts: [tensor.storage], to: &json, arena: &arena)
        }
        json.endArray()
    }

    private static func isUniform(_ requests: [InferenceRequest]) -> Bool {
        let first = requests[0]
        let isCut = first.inputs.allSatisfy { $0.tensor.shape.first == first.batchSize }
        guard isCut, !first.inputs.isEmpty else { return false }
        return requests.dropFirst().allSatisfy { request in
            guard request.inputs.names == first.inputs.names else { return false }
            return zip(request.inputs.tensors, first.inputs.tensors).allSatisfy { one, other in
                one.dataType == other.dataType && one.shape.count == other.shape.count && one.shape.first == request.batchSize
                    && one.shape.dropFirst() == other.shape.dropFirst()
            }
        }
    }

    /// Writes what few requests have: ids, parameters, a choice of outputs, a trace, a sequence. `null` for those that have none.
    private static func writeHeads(_ requests: [InferenceRequest], parents: [TraceContext?], to json: inout JSONWriter) {
        guard !parents.isEmpty || requests.contains(where: hasHead) else { return }
        json.key("req")
        json.beginArray()
        for (index, request) in requests.enumerated() {
            let parent = parents.isEmpty ? nil : parents[index]
            guard parent != nil || hasHead(request) else {
                json.null()
                continue
            }
            json.beginObject()
            if !request.id.isEmpty {
                json.key("id")
                json.string(request.id)
            }
            if !request.parameters.isEmpty {
                json.key("par")
                write(request.parameters, to: &json)
            }
            if !request.requestedOutputs.isEmpty {
                json.key("out")
                json.beginArray()
                for name in request.requestedOutputs { json.string(name) }
                json.endArray()
            }
            if let parent {
                json.key("tp")
                json.string(parent.traceparent)
                if !parent.traceState.isEmpty {
                    json.key("ts")
                    json.string(parent.traceState)
                }
            }
            if let sequence = request.sequence { write(sequence, to: &json) }
            json.endObject()
        }
        json.endArray()
    }

    private static func hasHead(_ request: InferenceRequest) -> Bool {
        !request.id.isEmpty || !request.parameters.isEmpty || !request.requestedOutputs.isEmpty || request.sequence != nil
    }

    private static func write(_ parameters: [String: ParameterValue], to json: inout JSONWriter) {
        json.beginObject()
        for (name, value) in parameters {
            json.key(string: name)
            switch value {
            case .string(let text): json.string(text)
            case .int(let number): json.int(number)
            case .double(let number): json.double(number)
            case .bool(let flag): json.bool(flag)
            }
        }
        json.endObject()
    }

    private static func write(_ sequence: SequencePosition, to json: inout JSONWriter) {
        json.key("seq")
        json.beginArray()
        switch sequence.id {
        case .number(let number): json.uint(number)
        case .text(let text): json.string(text)
        }
        json.bool(sequence.isStart)
        json.bool(sequence.isEnd)
        json.endArray()
    }
}
