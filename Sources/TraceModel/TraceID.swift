/// Identifies a trace: 16 bytes, big-endian in every binary format, 32 lower-case hex digits in text.
///
/// OpenTelemetry specification, "SpanContext"; W3C Trace Context, "trace-id". All zero is invalid.
public struct TraceID: Hashable, Sendable, Comparable {
    /// The first eight bytes, read big-endian.
    public var high: UInt64
    /// The last eight bytes, read big-endian.
    public var low: UInt64

    @inlinable
    public init(high: UInt64, low: UInt64) {
        self.high = high
        self.low = low
    }

    /// Reads 1 to 32 hex digits of any case; shorter text is padded on the left, as Jaeger and Zipkin do.
    ///
    /// - Returns: `nil` for empty text, more than 32 digits, or a character that is no hex digit.
    public init?(hex: some StringProtocol) {
        let digits = hex.utf8
        guard (1...32).contains(digits.count) else { return nil }
        var high: UInt64 = 0
        var low: UInt64 = 0
        for digit in digits {
            guard let value = Hex.value(of: digit) else { return nil }
            high = high << 4 | low >> 60
            low = low << 4 | UInt64(value)
        }
        self.init(high: high, low: low)
    }

    /// An id with at least one non-zero byte.
    @inlinable public var isValid: Bool { high | low != 0 }

    @inlinable
    public static func < (left: TraceID, right: TraceID) -> Bool {
        left.high != right.high ? left.high < right.high : left.low < right.low
    }
}

extension TraceID: CustomStringConvertible {
    /// 32 lower-case hex digits.
    public var description: String { Hex.string(high, low) }
}
