/// All that is known of a sampled request when its answer was sent; its spans are made from this at once.
package struct TracedRequest: Sendable {
    package var trace: RequestTrace
    package var timestamps: RequestTimestamps
    /// `nil` for a request that one model made to another: it has no `InferRequest`.
    package var exchange: ExchangeFacts?
    /// Of a request with several responses the times of each, as far as they are kept.
    package var streamedResponses: [StreamedResponseTimes] = []
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
