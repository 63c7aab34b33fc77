internal import NeedletailTracing
internal import Tracing

/// The headers of a request as the tracer reads them, whatever carries them: HTTP header fields, gRPC metadata.
package protocol TraceHeaders {
    /// The values of all headers of a name, joined with `,`; `nil` when there is none. Names are asked for in lower case and are
    /// found in any.
    func value(of name: String) -> String?
    /// The names of all headers, in any case and order.
    var names: [String] { get }
    /// The first `traceparent`.
    var traceparent: String? { get }
    /// All of `tracestate`, joined with `,`.
    var tracestate: String? { get }
    /// All of `baggage`, joined with `,`.
    var baggage: String? { get }
}

extension TraceHeaders {
    package var traceparent: String? {
        guard let text = value(of: "traceparent") else { return nil }
        // The first of several headers counts.
        guard let comma = text.utf8.firstIndex(of: UInt8(ascii: ",")) else { return text }
        return String(text[..<comma])
    }

    package var tracestate: String? { value(of: "tracestate") }

    package var baggage: String? { value(of: "baggage") }
}

/// Headers as pairs of names and values, for protocols that have no type of their own for them.
package struct HeaderPairs: TraceHeaders {
    package var pairs: [(name: String, value: String)]

    package init(_ pairs: [(name: String, value: String)]) { self.pairs = pairs }

    package func value(of name: String) -> String? {
        let values = pairs.filter { $0.name.lowercased() == name }.map(\.value)
        return values.isEmpty ? nil : values.joined(separator: ",")
    }

    package var names: [String] { pairs.map(\.name) }
}

/// Lets propagators read the headers.
struct TraceHeadersExtractor<Headers: TraceHeaders>: KeyListingExtractor {
    func extract(key: String, from carrier: Headers) -> String? {
        key == "traceparent" ? carrier.traceparent : carrier.value(of: key.lowercased())
    }

    func keys(in carrier: Headers) -> [String] { carrier.names }
}
