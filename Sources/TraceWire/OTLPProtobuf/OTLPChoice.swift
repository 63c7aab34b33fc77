package import TraceModel

/// What to decode of an `ExportTraceServiceRequest`; the rest is stepped over without making values of it.
///
/// Meant for bytes of ``OTLPProtobuf/encode(_:)``, whose fields are in the order of their numbers. In another order less is left out.
package struct OTLPChoice {
    /// What stands at the beginning of a span.
    package struct Head {
        package var traceID: TraceID
        package var hasParent: Bool
        package var name: UnsafeBufferPointer<UInt8>
        package var kind: SpanKind
        package var startTime: UInt64
        package var endTime: UInt64

        /// Nanoseconds; 0 when a broken clock put the end first.
        package var duration: UInt64 { endTime > startTime ? endTime - startTime : 0 }
    }

    /// The keys of the attributes wanted; `nil` for all. Resources keep `service.name` in any case.
    private(set) var keys: [[UInt8]]?
    private(set) var resourceKeys: [[UInt8]]?
    package var events: Bool
    package var links: Bool
    /// Says of a resource whether its spans matter; called before they are looked at.
    package var wantsResource: ((Resource) -> Bool)?
    /// Says of a span whether it is wanted; called before anything is made of it. `head.name` is valid during the call only.
    package var wantsSpan: ((Head) -> Bool)?

    /// - Parameter names: `nil` for all attributes.
    package init(names: Set<String>? = nil, events: Bool = true, links: Bool = true) {
        // Unicode may write other text in several ways, which bytes cannot tell.
        if let names, names.allSatisfy({ $0.utf8.allSatisfy { $0 < 0x80 } && $0.utf8.count < 0x80 }) {
            keys = names.map { Array($0.utf8) }
            resourceKeys = names.union(["service.name"]).map { Array($0.utf8) }
        }
        self.events = events
        self.links = links
    }
}

extension OTLPProtobuf {
    /// Reads what is chosen of an `ExportTraceServiceRequest`. Groups without a chosen span are left out.
    ///
    /// - Throws: ``WireError`` when the bytes are no such message, as far as they were read.
    package static func decode(_ bytes: [UInt8], choosing choice: OTLPChoice) throws(WireError) -> SpanBatch {
        let result: Result<SpanBatch, WireError> = bytes.withUnsafeBufferPointer { buffer in
            guard let base = buffer.baseAddress, !buffer.isEmpty else { return .success(SpanBatch()) }
            var decoder = OTLPProtobufDecoder(buffer, base: base, maximumElements: WireLimit.elements, choice: choice)
            do throws(WireError) { return .success(try decoder.decode().batch) } catch { return .failure(error) }
        }
        return try result.get()
    }
}
