internal import JSONCoding

/// The objects of Triton's trace file.
///
/// Names and order are Triton's; times are those of a clock that counts from the machine's start, nanoseconds.
extension TracedRequest {
    /// The objects, separated by commas; empty when the level asks for nothing that there is.
    func traceFileText() -> [UInt8] {
        var writer = TraceObjectWriter(id: trace.number)
        let hasTimes = trace.level.contains(.timestamps)
        let responses = self.responses
        if hasTimes, case .http? = exchange {
            writer.time("HTTP_RECV_START", timestamps.receiveStart)
            writer.time("HTTP_RECV_END", timestamps.receiveEnd)
        }
        if timestamps.requestStart != 0, hasTimes {
            writer.descriptor(self)
            writer.time("REQUEST_START", timestamps.requestStart)
            writer.time("QUEUE_START", timestamps.queueStart)
        }
        if let content = trace.tensors?.content {
            for entry in content.entries { writer.tensor(entry) }
        }
        guard hasTimes else { return writer.finish() }
        if case .http? = exchange, responses.count < 2 { writer.time("INFER_RESPONSE_COMPLETE", responses.first?.complete ?? 0) }
        if let execution {
            writer.time("COMPUTE_START", execution.computeStart)
            writer.time("COMPUTE_INPUT_END", execution.inputEnd)
            writer.time("COMPUTE_OUTPUT_START", execution.outputStart)
            writer.time("COMPUTE_END", execution.computeEnd)
        }
        if timestamps.requestStart != 0 { writer.time("REQUEST_END", timestamps.requestEnd) }
        switch exchange {
        case nil: break
        case .http:
            for response in responses {
                if responses.count > 1 { writer.time("INFER_RESPONSE_COMPLETE", response.complete) }
                writer.time("HTTP_SEND_START", response.sendStart)
                writer.time("HTTP_SEND_END", response.sendEnd)
            }
        case .grpc:
            writer.time("GRPC_WAITREAD_START", timestamps.receiveStart)
            writer.time("GRPC_WAITREAD_END", timestamps.receiveEnd)
            for response in responses {
                writer.time("INFER_RESPONSE_COMPLETE", response.complete)
                writer.time("GRPC_SEND_START", response.sendStart)
                writer.time("GRPC_SEND_END", response.sendEnd)
            }
        }
        return writer.finish()
    }
}

/// Writes the objects of one trace.
private struct TraceObjectWriter {
    let id: UInt64
    private var json = JSONWriter(reserving: 1_536)

    init(id: UInt64) { self.id = id }

    consuming func finish() -> [UInt8] { json.finish() }

    private mutating func begin() {
        json.beginObject()
        json.key("id")
        json.uint(id)
    }

    /// A time of 0 stands for something that did not happen, and is left out.
    mutating func time(_ name: String, _ time: UInt64) {
        guard time != 0 else { return }
        begin()
        json.key("timestamps")
        json.beginArray()
        json.beginObject()
        json.key("name")
        json.string(name)
        json.key("ns")
        json.uint(time)
        json.endObject()
        json.endArray()
        json.endObject()
    }

    mutating func descriptor(_ request: TracedRequest) {
        begin()
        json.key("model_name")
        json.string(request.modelName)
        json.key("model_version")
        json.int(request.modelVersion)
        if !request.requestID.isEmpty {
            json.key("request_id")
            json.string(request.requestID)
        }
        if request.trace.parentNumber != 0 {
            json.key("parent_id")
            json.uint(request.trace.parentNumber)
        }
        json.endObject()
    }

    mutating func tensor(_ entry: TensorRecord.Entry) {
        let data = entry.tensor.traceText(limit: TracedRequest.maximumFileTensorText)
        begin()
        json.key("activity")
        json.string(entry.activity.rawValue)
        json.key("tensor")
        json.beginObject()
        json.key("name")
        json.string(entry.name)
        json.key("data")
        json.string(data.text)
        json.key("shape")
        json.string(entry.tensor.shape.map(String.init).joined(separator: ","))
        json.key("dtype")
        json.string(entry.tensor.dataType.rawValue)
        if !data.isComplete {
            json.key("data_truncated")
            json.bool(true)
        }
        json.endObject()
        json.endObject()
    }
}

extension TracedRequest {
    /// Bytes of one tensor's text in the file; what is beyond is left out, and the object says so.
    static let maximumFileTensorText = 4 << 20
}
