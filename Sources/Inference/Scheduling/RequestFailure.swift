/// Why a request failed: what the client is told, and what the trace says.
package struct RequestFailure: Error, Sendable {
    package var error: InferenceError
    /// The Swift type of the error that was thrown, for `exception.type`.
    package var exceptionType: String
    /// `error.type`: the code of an ``InferenceError``, or the Swift type of any other error.
    package var errorType: String
    /// `exception.message`, when it is not the client's text.
    package var exceptionMessage: String?
    /// `exception.stacktrace`, of languages that have one.
    package var stacktrace: String?

    /// An exception of another language that a backend executes models in.
    ///
    /// - Parameter error: what the client is told.
    package init(_ error: InferenceError, exceptionType: String, exceptionMessage: String, stacktrace: String?) {
        self.error = error
        self.exceptionType = exceptionType
        self.exceptionMessage = exceptionMessage
        self.stacktrace = stacktrace
        errorType = exceptionType
    }

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
        } else if let failure = thrown as? RequestFailure {
            self = failure
        } else {
            self.init(foreign: thrown, message: "\(thrown)")
        }
    }

    /// What a model threw for its whole list of requests.
    package init(thrown: any Error, model: String) {
        if let error = thrown as? InferenceError {
            self.init(error)
        } else if let failure = thrown as? RequestFailure {
            self = failure
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
