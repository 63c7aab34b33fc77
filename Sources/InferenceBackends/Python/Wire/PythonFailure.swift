internal import Inference
internal import JSONCoding

/// What Python code failed with: the exception, and what the client is told of it.
struct PythonFailure: Error, CustomStringConvertible {
    var error: InferenceError
    /// The exception's class, for example `ValueError`.
    var exceptionType: String
    /// The exception's own text.
    var exceptionMessage: String
    /// Python's traceback; empty for failures without one.
    var stacktrace: String
    /// The server is to be stopped: `PyTritonUnrecoverableError`.
    var isUnrecoverable = false

    var description: String { error.message }

    /// A failure of the server's own making.
    init(_ error: InferenceError) {
        self.error = error
        exceptionType = "InferenceError"
        exceptionMessage = error.message
        stacktrace = ""
    }

    /// For the request's spans and its client.
    var requestFailure: RequestFailure {
        guard !stacktrace.isEmpty else { return RequestFailure(error) }
        return RequestFailure(error, exceptionType: exceptionType, exceptionMessage: exceptionMessage, stacktrace: stacktrace)
    }

    /// Reads `{"type", "message", "stack", "text", "code", "fatal"}`.
    init(_ reader: inout JSONReader) throws(JSONError) {
        var type = "Exception"
        var message = ""
        var stack = ""
        var text: String?
        var code = "internal"
        var isFatal = false
        try reader.beginObject()
        while let key = try reader.nextKey() {
            switch key {
            case "type": type = try reader.readString()
            case "message": message = try reader.readString()
            case "stack": stack = try reader.readString()
            case "text": text = try reader.readString()
            case "code": code = try reader.readString()
            case "fatal": isFatal = try reader.readBool()
            default: try reader.skip()
            }
        }
        exceptionType = type
        exceptionMessage = message
        stacktrace = stack
        isUnrecoverable = isFatal
        error = InferenceError(Self.code(named: code), text ?? message)
    }

    private static func code(named name: String) -> InferenceError.Code {
        let codes: [InferenceError.Code] = [.invalidArgument, .notFound, .unavailable, .unsupported, .alreadyExists, .cancelled]
        return codes.first { $0.name == name } ?? .internal
    }
}
