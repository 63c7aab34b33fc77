/// All that is known of a sampled request when its answer was sent; its spans are made from this at once.
package struct TracedRequest: Sendable {
    package var trace: RequestTrace
    package var timestamps: RequestTimestamps
    package var exchange: ExchangeFacts
    package var modelName = ""
    package var modelVersion = 0
    package var requestID = ""
    /// `nil` when the request was not executed.
    package var execution: ExecutionRecord?
    /// Why the model or its scheduler failed the request.
    package var modelFailure: RequestFailure?
    /// Why the front end failed the request: it could not be read, understood or answered.
    package var exchangeFailure: RequestFailure?

    package init(trace: RequestTrace, timestamps: RequestTimestamps, exchange: ExchangeFacts) {
        self.trace = trace
        self.timestamps = timestamps
        self.exchange = exchange
    }
}
