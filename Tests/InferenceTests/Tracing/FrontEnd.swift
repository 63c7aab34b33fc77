import Logging
import NeedletailTracing
import ServiceContextModule
import TraceModel

@testable import Inference

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// A core with a tracer, and what front ends do around a request: decide, execute, record.
struct FrontEnd: Sendable {
    let core: InferenceCore
    let tracer: InferenceTracer
    let spans = InMemorySpanExporter()
    let writer: TraceFileWriter?

    static let quiet = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

    /// A path that no other test uses.
    static func path() -> String { FileManager.default.temporaryDirectory.appending(path: "trace-\(UInt64.random(in: 0 ... .max)).json").path }

    init(_ settings: TraceSettings = TraceSettings(level: .timestamps, rate: 1), models: [Model] = [.echo], propagator: (any TextMapPropagator)? = nil) throws {
        writer = try settings.mode == .triton ? settings.file.map { try TraceFileWriter(path: $0, logger: Self.quiet) } : nil
        tracer = InferenceTracer(settings: settings, processor: spans, file: writer, propagator: propagator)
        core = InferenceCore(tracer: tracer)
        for model in models { try core.load(model) }
    }

    /// Sends one request through, as HTTP does, or as gRPC does.
    @discardableResult
    func send(
        _ model: String = "echo",
        _ inputs: NamedTensors? = nil,
        id: String = "",
        headers: [(String, String)] = [],
        grpc: Bool = false,
        onResponse: @escaping @Sendable (StreamedResponse) async throws -> Void = { _ in }
    ) async throws -> ModelScheduler.Completion? {
        var timestamps = RequestTimestamps.now()
        let decision = tracer.decide(model: model, headers: HeaderPairs(headers))
        timestamps.receiveEnd = MonotonicClock.now()
        let responses = ResponseTimes()
        var completion: ModelScheduler.Completion?
        var failure: RequestFailure?
        let loaded = try core.registry.model(named: model, version: nil)
        do throws(InferenceError) {
            let inputs = inputs ?? ["x": Self.tensor]
            completion = try await core.stream(
                UncheckedRequest(id: id, inputs: inputs), model: loaded, decision: decision, timestamps: &timestamps
            ) { response in
                let complete = MonotonicClock.now()
                try await onResponse(response)
                responses.add(complete)
            }
        } catch {
            failure = RequestFailure(error)
        }
        guard let trace = decision.trace else { return completion }
        var traced = TracedRequest(
            trace: trace,
            timestamps: timestamps,
            exchange: grpc ? .grpc(.init(method: "ModelInfer", statusCode: 0)) : .http(.init(method: "POST", path: "/p", route: "/r", statusCode: 200))
        )
        responses.put(into: &traced)
        traced.modelName = model
        traced.modelVersion = loaded.definition.version
        traced.requestID = id
        traced.execution = completion?.execution
        if case .failure(let error)? = completion?.outputs { traced.modelFailure = error }
        traced.exchangeFailure = failure
        tracer.record(traced)
        return completion
    }

    // Unwrapped: one value fits one element.
    private static let tensor = try! Tensor([Int32(7)], shape: [1])

    /// The spans that have this name.
    func spans(named name: String) -> [TraceModel.Span] { spans.spans.filter { $0.name == name } }
}

/// When the responses of one request went out.
private final class ResponseTimes: Sendable {
    private let times = Synchronized([StreamedResponseTimes]())

    func add(_ complete: UInt64) {
        times.withLock { $0.append(StreamedResponseTimes(complete: complete, sendStart: complete, sendEnd: MonotonicClock.now())) }
    }

    func put(into traced: inout TracedRequest) {
        let times = times.withLock { $0 }
        if let only = times.first, times.count == 1 {
            traced.timestamps.responseComplete = only.complete
            traced.timestamps.sendStart = only.sendStart
            traced.timestamps.sendEnd = only.sendEnd
            return
        }
        var responses = StreamedResponses()
        for time in times { responses.append(time) }
        traced.set(responses)
    }
}

extension Model {
    static func definition(_ name: String, isDecoupled: Bool = false, type: DataType = .int32) -> ModelDefinition {
        var definition = ModelDefinition(
            name: name,
            inputs: [TensorSpecification(name: "x", dataType: type, shape: [-1])],
            outputs: [TensorSpecification(name: "y", dataType: type, shape: [-1])]
        )
        definition.isDecoupled = isDecoupled
        return definition
    }

    /// Gives back what it gets; -1 fails.
    static let echo = Model(definition("echo"), executeEach: { request in
        let x = try request.inputs.require("x")
        if try x.first(as: Int32.self) == -1 { throw InferenceError(.invalidArgument, "no") }
        return ["y": x]
    })

    /// Sends 0, 1, … up to the input, a millisecond apart.
    static let counter = Model(definition("counter", isDecoupled: true), executeEach: { request in
        for value in 0..<(try request.inputs.require("x").first(as: Int32.self)) {
            try await Task.sleep(for: .milliseconds(1))
            try await request.send(["y": try Tensor([value], shape: [1])])
        }
        return [:]
    })

    /// Asks `echo`.
    static let outer = Model(definition("outer"), executeEach: { request in
        try await request.call(ModelCall("echo", id: "inner", inputs: request.inputs))
    })
}
