internal import Instrumentation
internal import TraceModel

/// A header as propagators write it, and as senders through case-sensitive carriers (message attributes) may have spelled it.
///
/// Names are written in lower case: HTTP/2 and gRPC demand it, and HTTP/1 does not care.
struct HeaderName: Sendable {
    var lowercased: String
    var canonical: String

    init(_ canonical: String) {
        self.canonical = canonical
        self.lowercased = canonical.lowercased()
    }
}

extension Extractor {
    /// The value under the lower-case name, else under the canonical one, without surrounding blanks.
    func extract(_ name: HeaderName, from carrier: Carrier) -> Substring? {
        if let value = extract(key: name.lowercased, from: carrier) { return value.trimmingBlanks() }
        return name.canonical == name.lowercased ? nil : extract(key: name.canonical, from: carrier)?.trimmingBlanks()
    }
}
