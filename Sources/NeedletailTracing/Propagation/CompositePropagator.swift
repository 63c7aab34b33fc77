public import Instrumentation

/// Uses several propagators: all of them write; all of them read, in their order.
///
/// Of several that find a whole trace context the last one wins. One that finds nothing, something malformed or only a part of a
/// context takes nothing away from what was found before.
public struct CompositePropagator: TextMapPropagator {
    public let propagators: [any TextMapPropagator]

    public init(_ propagators: [any TextMapPropagator]) {
        self.propagators = propagators
    }

    public var fields: [String] { propagators.flatMap(\.fields) }

    public func extract<Carrier, Extract: Extractor>(
        _ carrier: Carrier,
        into context: inout ServiceContext,
        using extractor: Extract
    ) where Extract.Carrier == Carrier {
        for propagator in propagators { propagator.extract(carrier, into: &context, using: extractor) }
    }

    public func inject<Carrier, Inject: Injector>(
        _ context: ServiceContext,
        into carrier: inout Carrier,
        using injector: Inject
    ) where Inject.Carrier == Carrier {
        for propagator in propagators { propagator.inject(context, into: &carrier, using: injector) }
    }
}
