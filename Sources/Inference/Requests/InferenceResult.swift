/// What a model gives for one request: its outputs, or why it failed.
///
/// A dictionary literal is a success: `["sleep": tensor]`.
public enum InferenceResult: Sendable {
    case success(NamedTensors)
    /// Fails this request alone. An ``InferenceError`` reaches the client with its own code, any other error as an internal one.
    case failure(any Error)

    /// Runs the body and keeps what it throws.
    public init(catching body: () throws -> NamedTensors) {
        do { self = .success(try body()) } catch { self = .failure(error) }
    }

    /// Runs the body and keeps what it throws.
    public init(isolation: isolated (any Actor)? = #isolation, catching body: () async throws -> NamedTensors) async {
        do { self = .success(try await body()) } catch { self = .failure(error) }
    }
}

extension InferenceResult: ExpressibleByDictionaryLiteral {
    public init(dictionaryLiteral elements: (String, Tensor)...) {
        var outputs = NamedTensors()
        for (name, tensor) in elements { outputs[name] = tensor }
        self = .success(outputs)
    }
}
