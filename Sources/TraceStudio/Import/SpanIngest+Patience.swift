internal import TraceCollector
internal import TraceModel

extension SpanIngest {
    /// How long a full queue is waited for.
    private static let patience: Duration = .seconds(30)

    /// Stores spans that nobody would send again: waits while the queue is full.
    ///
    /// - Parameter subject: What is stored, with its verb, for the message.
    /// - Throws: ``APIError`` 503 when the queue stays full.
    func acceptPatiently(_ batch: SpanBatch, from source: SpanProtocol, what subject: String) async throws {
        let deadline = ContinuousClock.now + Self.patience
        while true {
            do {
                return try await accept(batch, from: source)
            } catch let error as IngestError {
                guard error.code == .overloaded, ContinuousClock.now < deadline else {
                    throw APIError(status: 503, message: "\(subject) not stored to the end: \(error.message)")
                }
                try await Task.sleep(for: .milliseconds(50))
            }
        }
    }
}
