/// The value of `error.type`: what kind of failure ended an operation.
public enum ErrorType {
    /// The error's type with its module: few values, no details of the one failure.
    public static func name(of error: any Error) -> String { String(reflecting: type(of: error)) }
}
