internal import HTTPTypes
internal import HummingbirdCore
internal import Inference
internal import NeedletailTracing

/// `generate_stream`.
extension InferenceExchange {
    /// Reads, and answers with one event for each response as the model gives it.
    mutating func runStream(_ request: Request, path: String, decision: InferenceTracer.Decision?, writer: consuming ResponseWriter) async throws {
        let stream = EventStream(writer, keepsTimes: decision?.trace != nil)
        do {
            do {
                try await streamAnswer(request, decision: decision, to: stream)
            } catch let error as InferenceError where !stream.isStarted {
                timestamps.sendStart = MonotonicClock.now()
                try await stream.reply(reply(to: error))
            }
            timestamps.sendEnd = MonotonicClock.now()
        } catch {
            let failure = isBodyRead ? EventStream.clientLeft : Self.sentHalf
            if modelFailure == nil { exchangeFailure = RequestFailure(failure) }
            streamedResponses = stream.times
            record(decision, path: path, status: stream.status)
            throw error
        }
        streamedResponses = stream.times
        record(decision, path: path, status: stream.status)
        if !isBodyRead { try await handler.discardBody(of: request) }
    }

    /// - Throws: what is wrong with the request, before the stream is started; whatever the connection throws.
    private mutating func streamAnswer(_ request: Request, decision: InferenceTracer.Decision?, to stream: EventStream) async throws {
        let (model, call) = try await prepare(request)
        let completion = try await handler.core.stream(call.request, model: model, decision: decision, timestamps: &timestamps) { response in
            try await stream.send(response, call: call, model: model)
        }
        execution = completion.execution
        if case .failure(let failure) = completion.outputs {
            modelFailure = failure
            if stream.hasFailed { throw failure.error }
        }
        try await stream.end()
    }
}
