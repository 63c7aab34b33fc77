internal import GRPCCore
internal import Instrumentation
internal import NeedletailTracing

/// Reads trace context from the metadata of a call; several values of a key are joined as HTTP headers are.
struct MetadataExtractor: KeyListingExtractor {
    func extract(key: String, from metadata: Metadata) -> String? {
        var values = metadata[stringValues: key].makeIterator()
        guard var text = values.next() else { return nil }
        while let more = values.next() { text += "," + more }
        return text
    }

    func keys(in metadata: Metadata) -> [String] { metadata.map(\.key) }
}

/// Writes trace context into the metadata of a call, in place of what a caller may have copied there.
struct MetadataInjector: Injector {
    func inject(_ value: String, forKey key: String, into metadata: inout Metadata) {
        metadata.replaceOrAddString(value, forKey: key)
    }
}
