public import Instrumentation

/// An extractor that can say which keys a carrier holds.
///
/// swift-distributed-tracing's `Extractor` only answers for a key it is asked for. Formats that put each baggage entry into a
/// header of its own (Jaeger's `uberctx-…`, OT Trace's `ot-baggage-…`) need the list: they read baggage from carriers whose
/// extractor conforms to this, and from the keys named to the propagator.
public protocol KeyListingExtractor<Carrier>: Extractor {
    /// The names of all headers, in any case and order.
    func keys(in carrier: Carrier) -> [String]
}

extension Extractor {
    /// The keys that begin with a prefix (ASCII letters in any case), as they are spelled; empty when the extractor cannot tell.
    func keys(startingWith prefix: String, in carrier: Carrier) -> [String] {
        guard let listing = self as? any KeyListingExtractor<Carrier> else { return [] }
        return listing.keys(in: carrier).filter { $0.utf8.count > prefix.utf8.count && $0.lowercased().hasPrefix(prefix) }
    }
}
