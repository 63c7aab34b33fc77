internal import Tracing

extension NeedletailTracer {
    /// The tracer of the innermost `withTracer`, else the one that was made global with `bootstrap`; `nil` when neither is
    /// of this library.
    public static var active: NeedletailTracer? {
        InstrumentationSystem._findInstrument { $0 is NeedletailTracer } as? NeedletailTracer
    }
}
