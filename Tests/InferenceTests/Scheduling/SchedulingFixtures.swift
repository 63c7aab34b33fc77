import NeedletailTracing
import Synchronization

@testable import Inference

/// Holds executions until it is opened.
final class ExecutionGate: Sendable {
    private let state = Mutex<(isOpen: Bool, waiting: [CheckedContinuation<Void, Never>], passed: Int)>((false, [], 0))

    /// How many came, whether they wait or went on.
    var arrivals: Int { state.withLock { $0.passed } }

    func pass() async {
        await withCheckedContinuation { continuation in
            let isOpen = state.withLock { state in
                state.passed += 1
                if !state.isOpen { state.waiting.append(continuation) }
                return state.isOpen
            }
            if isOpen { continuation.resume() }
        }
    }

    func open() {
        let waiting = state.withLock { state in
            state.isOpen = true
            defer { state.waiting = [] }
            return state.waiting
        }
        for continuation in waiting { continuation.resume() }
    }
}

/// Keeps what it is given, in order.
final class Recorder<Value: Sendable>: Sendable {
    private let list = Mutex<[Value]>([])

    var values: [Value] { list.withLock { $0 } }

    func append(_ value: Value) { list.withLock { $0.append(value) } }
}

/// The condition did not come true in time.
struct TooLate: Error {}

/// Waits until the condition holds.
func eventually(_ condition: () -> Bool) async throws {
    let deadline = ContinuousClock.now + .seconds(600)
    while !condition() {
        guard ContinuousClock.now < deadline else { throw TooLate() }
        try await Task.sleep(for: .milliseconds(1))
    }
}

/// A model `m` with input `x` and output `y` of one INT32.
func integerModel(_ name: String = "m", maxBatchSize: Int = 16, instanceCount: Int = 1, maxQueueSize: Int = 10_000) -> ModelDefinition {
    ModelDefinition(
        name: name,
        inputs: [TensorSpecification("x", Int32.self, shape: [1])],
        outputs: [TensorSpecification("y", Int32.self, shape: [1])],
        maxBatchSize: maxBatchSize,
        instanceCount: instanceCount,
        maxQueueSize: maxQueueSize
    )
}

extension InferenceRequest {
    /// A request of one INT32 in a batch axis.
    init(_ value: Int32, sequence: SequencePosition? = nil, priority: Int = 0, timeout: UInt64 = 0, trace: RequestTrace? = nil, tracer: InferenceTracer? = nil) throws {
        self.init(
            id: "r\(value)", modelName: "m", modelVersion: 1, inputs: ["x": try Tensor([value], shape: [1, 1])], sequence: sequence,
            priority: priority, timeoutMicroseconds: timeout, trace: trace, tracer: tracer)
    }
}

extension ModelScheduler {
    func submit(_ request: InferenceRequest, limiter: RateLimiter? = nil) async -> Completion {
        await submit(request, queued: MonotonicClock.now(), wallTime: 1, limiter: limiter)
    }
}

extension ModelScheduler.Completion {
    var errorText: String? {
        if case .failure(let failure) = outputs { failure.error.message } else { nil }
    }

    func value() throws -> Int32 { try outputs.get().require("y").first(as: Int32.self) }
}
