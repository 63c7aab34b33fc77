/// Identifies a span within a trace: 8 bytes, big-endian in every binary format, 16 lower-case hex digits in text.
///
/// OpenTelemetry specification, "SpanContext"; W3C Trace Context, "parent-id". All zero is invalid.
public struct SpanID: Hashable, Sendable, Comparable {
    /// The eight bytes, read big-endian.
    public var value: UInt64

    @inlinable
    public init(_ value: UInt64) {
        self.value = value
    }

    /// Reads 1 to 16 hex digits of any case; shorter text is padded on the left.
    ///
    /// - Returns: `nil` for empty text, more than 16 digits, or a character that is no hex digit.
    public init?(hex: some StringProtocol) {
        let digits = hex.utf8
        guard (1...16).contains(digits.count) else { return nil }
        var value: UInt64 = 0
        for digit in digits {
            guard let nibble = Hex.value(of: digit) else { return nil }
            value = value << 4 | UInt64(nibble)
        }
        self.init(value)
    }

    /// An id with at least one non-zero byte.
    @inlinable public var isValid: Bool { value != 0 }

    @inlinable
    public static func < (left: SpanID, right: SpanID) -> Bool { left.value < right.value }
}

extension SpanID: CustomStringConvertible {
    /// 16 lower-case hex digits.
    public var description: String { Hex.string(value) }
}
