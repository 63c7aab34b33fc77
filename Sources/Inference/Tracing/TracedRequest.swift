/// All that is known of a sampled request when its answer was sent; its spans are made from this at once.
package struct TracedRequest: Sendable {
    package var trace: RequestTrace
    package var timestamps: RequestTimestamps
    /// `nil` for a request that one model made to another: it has no `InferRequest`.
    package var exchange: ExchangeFacts?
    /// Of a request with several responses the times of each, as far as they are kept: see ``StreamedResponses``.
    package var streamedResponses: [StreamedResponseTimes] = []
    /// Responses that were given and are not in ``streamedResponses``.
    package var responsesLeftOut = 0
    package var modelName = ""
    package var modelVersion = 0
    package var requestID = ""
    /// `nil` when the request was not executed.
    package var execution: ExecutionRecord?
    /// Why the model or its scheduler failed the request.
    package var modelFailure: RequestFailure?
    /// Why the front end failed the request: it could not be read, understood or answered.
    package var exchangeFailure: RequestFailure?

    package init(trace: RequestTrace, timestamps: RequestTimestamps, exchange: ExchangeFacts?) {
        self.trace = trace
        self.timestamps = timestamps
        self.exchange = exchange
    }

    /// What is told of responses: each of a stream, or the one that a plain request has.
    var responses: [StreamedResponseTimes] {
        guard streamedResponses.isEmpty else { return Array(streamedResponses.prefix(StreamedResponses.maximumKept)) }
        let one = StreamedResponseTimes(complete: timestamps.responseComplete, sendStart: timestamps.sendStart, sendEnd: timestamps.sendEnd)
        return one == StreamedResponseTimes() ? [] : [one]
    }
}

/// When one of several responses went out; times of ``MonotonicClock``, 0 for what did not happen.
package struct StreamedResponseTimes: Hashable, Sendable {
    /// The front end has the response.
    package var complete: UInt64 = 0
    package var sendStart: UInt64 = 0
    package var sendEnd: UInt64 = 0

    package init(complete: UInt64 = 0, sendStart: UInt64 = 0, sendEnd: UInt64 = 0) {
        self.complete = complete
        self.sendStart = sendStart
        self.sendEnd = sendEnd
    }
}

/// Collects the times of a stream's responses: the first ones and the last one; how many are left out is counted.
package struct StreamedResponses: Sendable {
    /// Responses of one request whose times are kept.
    package static let maximumKept = 64

    package private(set) var kept: [StreamedResponseTimes] = []
    package private(set) var leftOut = 0

    package init() {}

    package mutating func append(_ response: StreamedResponseTimes) {
        if kept.count < Self.maximumKept {
            kept.append(response)
        } else {
            kept[Self.maximumKept - 1] = response
            leftOut += 1
        }
    }
}

extension TracedRequest {
    /// Tells of a stream.
    package mutating func set(_ responses: StreamedResponses) {
        streamedResponses = responses.kept
        responsesLeftOut = responses.leftOut
    }
}
