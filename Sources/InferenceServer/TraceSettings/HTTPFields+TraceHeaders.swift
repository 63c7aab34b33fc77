internal import HTTPTypes
internal import Inference

extension HTTPFields: TraceHeaders {
    func value(of name: String) -> String? { HTTPField.Name(name).flatMap { self[$0] } }

    var names: [String] { map(\.name.rawName) }

    var traceparent: String? {
        guard let text = self[.traceparent] else { return nil }
        // The first of several fields counts.
        guard let comma = text.utf8.firstIndex(of: UInt8(ascii: ",")) else { return text }
        return String(text[..<comma])
    }

    var tracestate: String? { self[.tracestate] }

    var baggage: String? { self[.baggage] }
}

extension HTTPField.Name {
    // Unwrapped: all are valid header names, which is all that the initializer checks.
    static let traceparent = HTTPField.Name("traceparent")!
    static let tracestate = HTTPField.Name("tracestate")!
    static let baggage = HTTPField.Name("baggage")!
}
