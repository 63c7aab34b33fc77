/// Why a request failed: what the client is told, and what the trace says.
package struct RequestFailure: Error, Sendable {
    package var error: InferenceError
    /// The Swift type of the error that was thrown, for `exception.type`.
    package var exceptionType: String
    /// `error.type`: the code of an ``InferenceError``, or the Swift type of any other error.
    package var errorType: String

    /// A failure of the server itself.
    package init(_ error: InferenceError) {
        self.error = error
        exceptionType = "InferenceError"
        errorType = error.code.name
    }

    /// What a model threw for one request: an ``InferenceError`` keeps its code, anything else is an internal one.
    package init(thrown: any Error) {
        if let error = thrown as? InferenceError {
            self.init(error)
        } else {
            self.init(foreign: thrown, message: "\(thrown)")
        }
    }

    /// What a model threw for its whole list of requests.
    package init(thrown: any Error, model: String) {
        if let error = thrown as? InferenceError {
            self.init(error)
        } else {
            let type = String(describing: Swift.type(of: thrown))
            self.init(foreign: thrown, message: "Failed to process the request(s) for model '\(model)', message: \(type): \(thrown)")
        }
    }

    private init(foreign: any Error, message: String) {
        error = InferenceError(foreign is CancellationError ? .cancelled : .internal, message)
        exceptionType = String(describing: Swift.type(of: foreign))
        errorType = exceptionType
    }
}
