internal import Inference
internal import JSONCoding
internal import Synchronization

/// Calls of other models that Python code makes while it executes a batch: docs/python-workers.md, "call".
final class ModelCalls: Sendable {
    struct Call: Sendable {
        var id: Int
        var parent: InferenceRequest
        var call: ModelCall
        /// Any number of responses is taken.
        var isStreamed: Bool
    }

    /// What is told of one call.
    struct Answer: Sendable {
        var id: Int
        var outcome: Result<NamedTensors, InferenceError>
        var isFinal: Bool
    }

    private struct Window {
        /// Responses that may be sent before the worker takes one.
        var credit = ModelCalls.window
        var waiter: UnsafeContinuation<Bool, Never>?
        var isCancelled = false
    }

    /// Responses of one streamed call that wait in the worker.
    static let window = 16

    private let maxCalls: Int
    private let windows = Mutex<[Int: Window]>([:])

    init(maxCalls: Int) { self.maxCalls = maxCalls }

    /// Reads a call.
    func begin(_ frame: WorkerFrame, requests: [InferenceRequest], arena: borrowing TensorArena) throws -> Call {
        var id = 0
        var request = 0
        var call = ModelCall("", inputs: NamedTensors())
        var isStreamed = false
        try JSONReader.read(frame.header) { reader in
            try reader.beginObject()
            while let key = try reader.nextKey() {
                switch key {
                case "call": id = Int(try reader.readInt64())
                case "r": request = Int(try reader.readInt64())
                case "model": call.modelName = try reader.readString()
                case "version": call.modelVersion = Int(try reader.readInt64())
                case "id": call.id = try reader.readString()
                case "stream": isStreamed = try reader.readBool()
                case "par": call.parameters = try Self.parameters(&reader)
                case "out":
                    try reader.beginArray()
                    while try reader.nextElement() { call.requestedOutputs.append(try reader.readString()) }
                case "in":
                    try reader.beginArray()
                    while try reader.nextElement() {
                        let received = try ReceivedTensor(&reader, body: frame.body, arena: arena)
                        call.inputs[received.name] = try received.tensor()
                    }
                default: try reader.skip()
                }
            }
        }
        guard requests.indices.contains(request) else {
            throw PythonFailure(InferenceError(.internal, "the Python worker made a call for request \(request) of \(requests.count)"))
        }
        let isNew = windows.withLock { windows in
            guard windows.count < maxCalls, windows[id] == nil else { return false }
            windows[id] = Window()
            return true
        }
        guard isNew else {
            throw PythonFailure(InferenceError(.unavailable, "a batch has at most \(maxCalls) calls of other models under way"))
        }
        return Call(id: id, parent: requests[request], call: call, isStreamed: isStreamed)
    }

    private static func parameters(_ reader: inout JSONReader) throws -> [String: ParameterValue] {
        var parameters: [String: ParameterValue] = [:]
        guard case .object(let object) = try JSONValue(reading: &reader) else { return [:] }
        for member in object.members {
            switch member.value {
            case .string(let text): parameters[member.name] = .string(text)
            case .bool(let flag): parameters[member.name] = .bool(flag)
            case .number(let text): parameters[member.name] = Int64(text).map { .int($0) } ?? Double(text).map { .double($0) }
            default: break
            }
        }
        return parameters
    }

    /// The worker took one response of a call.
    func addCredit(_ frame: WorkerFrame) throws {
        guard let id = try JSONValue.parse(frame.header)["call"]?.intValue else { return }
        let waiter: UnsafeContinuation<Bool, Never>? = windows.withLock { windows in
            guard var window = windows[Int(id)] else { return nil }
            let waiter = window.waiter
            window.waiter = nil
            if waiter == nil { window.credit += 1 }
            windows[Int(id)] = window
            return waiter
        }
        waiter?.resume(returning: true)
    }

    /// Calls the model and gives each part of the answer to the closure.
    func perform(_ call: Call, send: @escaping @Sendable (Answer) -> Void) async {
        let id = call.id
        defer { windows.withLock { windows in windows[id] = nil } }
        do throws(InferenceError) {
            if call.isStreamed {
                try await call.parent.call(call.call) { outputs in
                    guard await self.takeCredit(id) else { throw CancellationError() }
                    send(Answer(id: id, outcome: .success(outputs), isFinal: false))
                }
                send(Answer(id: id, outcome: .success(NamedTensors()), isFinal: true))
            } else {
                let outputs = try await call.parent.call(call.call)
                send(Answer(id: id, outcome: .success(outputs), isFinal: true))
            }
        } catch {
            send(Answer(id: id, outcome: .failure(error), isFinal: true))
        }
    }

    /// - Returns: `false` when nobody waits for the responses any more.
    private func takeCredit(_ id: Int) async -> Bool {
        await withTaskCancellationHandler {
            // Unsafe: the window gives its waiter out once.
            await withUnsafeContinuation { continuation in
                let immediate: Bool? = windows.withLock { windows in
                    guard var window = windows[id], !window.isCancelled else { return false }
                    if window.credit > 0 {
                        window.credit -= 1
                        windows[id] = window
                        return true
                    }
                    window.waiter = continuation
                    windows[id] = window
                    return nil
                }
                if let immediate { continuation.resume(returning: immediate) }
            }
        } onCancel: {
            let waiter = windows.withLock { windows in
                windows[id]?.isCancelled = true
                let waiter = windows[id]?.waiter
                windows[id]?.waiter = nil
                return waiter
            }
            waiter?.resume(returning: false)
        }
    }
}

extension ModelCalls.Answer {
    func frame(batch: UInt32, arena: inout TensorArena) -> WorkerFrame {
        var json = JSONWriter()
        var tensors = TensorWriter()
        json.beginObject()
        json.key("call")
        json.int(id)
        json.key("final")
        json.bool(isFinal)
        switch outcome {
        case .success(let outputs):
            json.key("out")
            do {
                try BatchEncoding.write(outputs, to: &json, tensors: &tensors, arena: &arena)
            } catch {
                return Self(id: id, outcome: .failure(InferenceError(.internal, "\(error)")), isFinal: true).frame(batch: batch, arena: &arena)
            }
        case .failure(let error):
            json.key("err")
            json.beginObject()
            json.key("code")
            json.string(error.code.name)
            json.key("message")
            json.string(error.message)
            json.endObject()
        }
        json.endObject()
        return WorkerFrame(.callResponse, batch: batch, header: json.finish(), body: tensors.body)
    }
}
