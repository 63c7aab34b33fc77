internal import GRPCCore
internal import Inference
internal import NeedletailTracing

extension InferenceCore {
    /// Decides whether a request is traced, by the metadata of its call; `nil` when nothing is.
    func decide(_ metadata: Metadata, model: String, path: String) -> InferenceTracer.Decision? {
        guard let tracer = activeTracer else { return nil }
        if tracer.excludedURLs.contains(scheme: "http", authority: "", path: path) { return tracer.exclusion }
        return tracer.decide(model: model, headers: MetadataHeaders(metadata: metadata))
    }
}

/// The metadata of a call as the tracer reads them.
private struct MetadataHeaders: TraceHeaders {
    let metadata: Metadata

    func value(of name: String) -> String? {
        var values = metadata[stringValues: name].makeIterator()
        guard var text = values.next() else { return nil }
        while let next = values.next() { text += "," + next }
        return text
    }

    var names: [String] { metadata.map(\.key) }

    /// The first one counts.
    var traceparent: String? { metadata[stringValues: "traceparent"].first { _ in true } }
}
