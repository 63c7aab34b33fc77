internal import Instrumentation
internal import TraceModel

/// Baggage as one header for each entry, whose name is a prefix and the key: Jaeger's and OT Trace's way.
///
/// It has the limits of W3C Baggage, and leaves out what is no header name.
struct PrefixedBaggage {
    /// In lower case.
    var prefix: String

    /// Reads the headers the extractor can list, and those of the given keys.
    func extract<Extract: Extractor>(_ carrier: Extract.Carrier, using extractor: Extract, keys: [String], into baggage: inout Baggage) {
        var room = Room()
        let names = extractor.keys(startingWith: prefix, in: carrier) + keys.map { prefix + $0 }
        for name in names {
            let key = name.dropFirst(prefix.count).lowercased()
            guard W3CBaggagePropagator.isToken(key), let text = extractor.extract(key: name, from: carrier)?.trimmingBlanks() else { continue }
            guard room.take(key, text) else { continue }
            baggage.set(PercentEncoding.decoded(text), forKey: key)
        }
    }

    func inject<Inject: Injector>(_ baggage: Baggage, into carrier: inout Inject.Carrier, using injector: Inject) {
        var room = Room()
        for entry in baggage where W3CBaggagePropagator.isToken(entry.key) {
            let value = PercentEncoding.encoded(entry.value) { W3CBaggagePropagator.isOctet($0) && $0 != UInt8(ascii: "%") }
            guard room.take(entry.key, value) else { continue }
            injector.inject(value, forKey: prefix + entry.key.lowercased(), into: &carrier)
        }
    }

    /// What is left of the limits.
    private struct Room {
        var members = W3CBaggagePropagator.maximumMembers
        var length = W3CBaggagePropagator.maximumLength

        mutating func take(_ key: some StringProtocol, _ value: some StringProtocol) -> Bool {
            let size = key.utf8.count + value.utf8.count + 1
            guard members > 0, size <= length else { return false }
            members -= 1
            length -= size
            return true
        }
    }
}
