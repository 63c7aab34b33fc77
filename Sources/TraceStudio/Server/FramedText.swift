internal import TraceWire

/// Texts with something before, between and behind them: a list within an envelope.
struct FramedText: PiecewiseText {
    typealias Part = @Sendable () -> any PiecewiseText

    private let prefix: [UInt8]
    private let suffix: [UInt8]
    /// Made when it is their turn, so that what they need is not there for all of them at once.
    private var parts: ArraySlice<Part>
    private var current: (any PiecewiseText)?
    private var isFirst = true
    private var isEnded = false

    /// - Parameters:
    ///   - prefix: for example `{"data":[`.
    ///   - parts: JSON values, which commas separate.
    ///   - suffix: for example `]}`.
    init(_ prefix: String, _ parts: [Part], _ suffix: String) {
        self.init(prefix: Array(prefix.utf8), parts: parts, suffix: Array(suffix.utf8))
    }

    init(prefix: [UInt8], parts: [Part], suffix: [UInt8]) {
        self.prefix = prefix
        self.parts = parts[...]
        self.suffix = suffix
    }

    mutating func next(size: Int) -> [UInt8]? {
        if isEnded { return nil }
        var piece = isFirst ? prefix : []
        if isFirst { current = parts.popFirst()?() }
        isFirst = false
        while piece.count < size {
            if let more = current?.next(size: size - piece.count) {
                if piece.isEmpty { piece = more } else { piece += more }
            } else if let part = parts.popFirst() {
                current = part()
                piece.append(UInt8(ascii: ","))
            } else {
                current = nil
                isEnded = true
                return piece + suffix
            }
        }
        return piece
    }
}

/// A text that is there as a whole, in pieces.
struct WholeText: PiecewiseText {
    private var rest: ArraySlice<UInt8>

    init(_ bytes: [UInt8]) {
        rest = bytes[...]
    }

    mutating func next(size: Int) -> [UInt8]? {
        if rest.isEmpty { return nil }
        let piece = Array(rest.prefix(max(size, 1)))
        rest = rest.dropFirst(piece.count)
        return piece
    }
}
