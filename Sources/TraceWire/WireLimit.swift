/// Bounds of the decoders, each named once.
public enum WireLimit {
    /// How deep lists may be nested in an attribute's value.
    public static let valueDepth = 64

    /// How many groups, spans, events, links, attributes and list elements one request may hold together, unless told otherwise.
    ///
    /// An empty element takes two bytes on the wire and twenty times as much in memory; this bounds what a request can ask for.
    public static let elements = 4_000_000

    /// The same for one document of a file that is imported.
    public static let fileElements = 64_000_000

    /// Bytes of a file that is imported, after decompression.
    public static let fileSize = 2 << 30
}

/// Counts the elements of one request.
struct ElementBudget {
    private let limit: Int
    private var left: Int

    init(_ limit: Int) {
        self.limit = limit
        left = limit
    }

    /// Takes one element.
    @inline(__always)
    mutating func take() throws(WireError) {
        left &-= 1
        if left < 0 { throw exceeded }
    }

    private var exceeded: WireError {
        WireError(
            code: .tooLarge,
            message: "the request holds more than \(limit) spans, events, links and attributes together; send smaller batches")
    }
}
