internal import GRPCCore
internal import Inference

extension RPCError {
    /// The status of a failure: Triton's codes by name.
    init(_ error: InferenceError) {
        self.init(code: Code(error.code), message: error.message)
    }

    static func noMessage(_ method: String) -> RPCError {
        RPCError(code: .invalidArgument, message: "\(method) takes one message, none arrived")
    }
}

extension RPCError.Code {
    init(_ code: InferenceError.Code) {
        self =
            switch code {
            case .invalidArgument: .invalidArgument
            case .notFound: .notFound
            case .unavailable: .unavailable
            case .unsupported: .unimplemented
            case .alreadyExists: .alreadyExists
            case .payloadTooLarge: .resourceExhausted
            case .cancelled: .cancelled
            case .internal: .internalError
            default: .unknown
            }
    }
}
