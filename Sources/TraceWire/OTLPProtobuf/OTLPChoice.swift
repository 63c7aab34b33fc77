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

    /// Keys of attributes, compared by their bytes.
    struct Keys {
        private let keys: [[UInt8]]
        /// Bit n: there is a key of n bytes, the last one for 63 and more.
        private let lengths: UInt64
        let isEmpty: Bool

        init(_ names: Set<String>) {
            keys = names.map { Array($0.utf8) }
            lengths = keys.reduce(0) { $0 | 1 << UInt64(min($1.count, 63)) }
            isEmpty = names.isEmpty
        }

        func contains(_ key: UnsafeBufferPointer<UInt8>) -> Bool {
            lengths & 1 << UInt64(min(key.count, 63)) != 0 && keys.contains { $0.count == key.count && $0.elementsEqual(key) }
        }
    }

    /// The attributes wanted of spans, events and links; `nil` for all.
    private(set) var keys: Keys?
    /// Those of scopes, and of resources, which keep `service.name` in any case.
    private(set) var scopeKeys: Keys?
    private(set) var resourceKeys: Keys?
    package var events: Bool
    package var links: Bool
    /// Says of a resource whether its spans matter; called before they are looked at.
    package var wantsResource: ((Resource) -> Bool)?
    /// Says of a span whether it is wanted; called before anything is made of it. `head.name` is valid during the call only.
    package var wantsSpan: ((Head) -> Bool)?

    /// - Parameters:
    ///   - names: of attributes of spans, events and links; `nil` for all.
    ///   - groupNames: of attributes of resources and scopes; `nil` for all.
    package init(names: Set<String>? = nil, groupNames: Set<String>? = nil, events: Bool = true, links: Bool = true) {
        // Unicode may write other text in several ways, which bytes cannot tell.
        func isExact(_ names: Set<String>) -> Bool { names.allSatisfy { $0.utf8.allSatisfy { $0 < 0x80 } && $0.utf8.count < 0x80 } }
        if let names, isExact(names) { keys = Keys(names) }
        if let groupNames, isExact(groupNames) {
            scopeKeys = Keys(groupNames)
            resourceKeys = Keys(groupNames.union(["service.name"]))
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
