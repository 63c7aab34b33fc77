internal import ServiceContextModule
internal import TraceModel

extension ServiceContext {
    /// Takes over what a caller sent. Only part of a context (a decision without ids, a trace id without a span id) does not
    /// replace the whole one that another propagator found.
    mutating func continueRemote(_ remote: TraceContext) {
        if !remote.isValid, traceContext?.isValid == true { return }
        traceContext = remote
    }
}
