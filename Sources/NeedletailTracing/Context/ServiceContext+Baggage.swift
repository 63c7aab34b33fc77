public import ServiceContextModule

extension ServiceContext {
    /// The baggage of this request; empty where none was set.
    ///
    /// ```swift
    /// var context = ServiceContext.current ?? .topLevel
    /// context.baggage["tenant"] = "blue"
    /// try await ServiceContext.withValue(context) { try await handle(request) }
    /// ```
    ///
    /// It has a key of its own in the context: values of other libraries are neither seen nor sent.
    public var baggage: Baggage {
        get { self[BaggageKey.self] ?? Baggage() }
        set { self[BaggageKey.self] = newValue.isEmpty ? nil : newValue }
    }

    private enum BaggageKey: ServiceContextKey {
        typealias Value = Baggage
        static var nameOverride: String? { "baggage" }
    }
}
