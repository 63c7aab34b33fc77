internal import Inference
internal import JSONCoding

/// What a worker gave for a batch: docs/python-workers.md, "done" and "response".
struct WorkerReply {
    /// One for each request; empty when ``failure`` counts for all.
    var results: [InferenceResult] = []
    /// Why the whole batch failed.
    var failure: PythonFailure?
    /// Spans that ended in the worker, as JSON.
    var spans: JSONValue?
    /// Python code keeps arrays of the input memory, which must not be written again.
    var retainsInput = false
    /// Outputs lie in shared memory, and the worker waits to use it again.
    var wantsAcknowledgement = false
    /// Of a `response`: which request it is for.
    var request = 0

    /// - Throws: ``WorkerProtocolError``, `JSONError`, ``SystemError``, `InferenceError`.
    init(_ frame: WorkerFrame, requests: [InferenceRequest], arena: borrowing TensorArena) throws {
        // A worker sends what belongs together in any order; rows are needed last.
        var rows: [Int] = []
        var columns: [ReceivedTensor]?
        var results: [InferenceResult]?
        var failure: PythonFailure?
        var spans: JSONValue?
        var retainsInput = false
        var request = 0
        var wantsAcknowledgement = false
        try JSONReader.read(frame.header) { reader in
            try reader.beginObject()
            while let key = try reader.nextKey() {
                switch key {
                case "rows":
                    try reader.beginArray()
                    while try reader.nextElement() { rows.append(Int(try reader.readInt64())) }
                case "out": columns = try Self.tensors(&reader, body: frame.body, arena: arena)
                case "each":
                    var list: [InferenceResult] = []
                    try reader.beginArray()
                    while try reader.nextElement() { list.append(try Self.result(&reader, body: frame.body, arena: arena)) }
                    results = list
                case "err": failure = try PythonFailure(&reader)
                case "spans": spans = try JSONValue(reading: &reader)
                case "kept": retainsInput = try reader.readBool()
                case "ack": wantsAcknowledgement = try reader.readBool()
                case "r": request = Int(try reader.readInt64())
                default: try reader.skip()
                }
            }
        }
        self.failure = failure
        self.spans = spans
        self.retainsInput = retainsInput
        self.request = request
        self.wantsAcknowledgement = wantsAcknowledgement
        if let results { self.results = results }
        if let columns { self.results = try Self.cut(columns, rows: rows) }
        guard failure != nil || self.results.count == requests.count else {
            throw WorkerProtocolError("\(self.results.count) results for \(requests.count) requests")
        }
    }

    private static func tensors(_ reader: inout JSONReader, body: [UInt8], arena: borrowing TensorArena) throws -> [ReceivedTensor] {
        var tensors: [ReceivedTensor] = []
        try reader.beginArray()
        while try reader.nextElement() { tensors.append(try ReceivedTensor(&reader, body: body, arena: arena)) }
        return tensors
    }

    private static func result(_ reader: inout JSONReader, body: [UInt8], arena: borrowing TensorArena) throws -> InferenceResult {
        var result = InferenceResult.success(NamedTensors())
        try reader.beginObject()
        while let key = try reader.nextKey() {
            switch key {
            case "out":
                var outputs = NamedTensors()
                for received in try tensors(&reader, body: body, arena: arena) { outputs[received.name] = try received.tensor() }
                result = .success(outputs)
            case "err": result = .failure(try PythonFailure(&reader))
            default: try reader.skip()
            }
        }
        return result
    }

    /// Cuts arrays of a whole batch into those of its requests.
    private static func cut(_ columns: [ReceivedTensor], rows: [Int]) throws -> [InferenceResult] {
        // Bounded, so that no sum below goes over.
        guard rows.allSatisfy({ (0...Int(Int32.max)).contains($0) }), rows.count <= Int(UInt16.max) else {
            throw WorkerProtocolError("outputs cannot be cut into \(rows.count) requests of \(rows.prefix(8)) rows")
        }
        let total = rows.reduce(0, +)
        if rows.count == 1 {
            var outputs = NamedTensors()
            for column in columns {
                outputs[column.name] = try Tensor(dataType: column.dataType, shape: [total] + column.shape, storage: column.storage)
            }
            return [.success(outputs)]
        }
        var results = [NamedTensors](repeating: NamedTensors(), count: rows.count)
        for column in columns {
            guard let width = column.dataType.byteWidth else {
                throw WorkerProtocolError("output '\(column.name)' of byte strings came as one array")
            }
            let (rowLength, isTooLong) = try Tensor.checkedElementCount(of: column.shape).multipliedReportingOverflow(by: width)
            guard !isTooLong, rowLength.multipliedReportingOverflow(by: total) == (column.storage.count, false) else {
                throw WorkerProtocolError("output '\(column.name)' has \(column.storage.count) bytes for \(total) rows of \(rowLength)")
            }
            var start = 0
            for (index, count) in rows.enumerated() {
                let end = start + count * rowLength
                results[index][column.name] = try Tensor(
                    dataType: column.dataType,
                    shape: [count] + column.shape,
                    storage: Array(column.storage[start..<end])
                )
                start = end
            }
        }
        return results.map { .success($0) }
    }
}
