/// The member `ot` of a W3C `tracestate`, OpenTelemetry's own: `ot=th:8;rv:6e6d1a75832a2f` (OpenTelemetry specification,
/// "TraceState Handling").
public struct OpenTelemetryTraceState: Hashable, Sendable {
    /// `th`; `nil` when missing or malformed.
    public let threshold: SamplingThreshold?
    /// `rv`, randomness that counts instead of that of the trace id; `nil` when missing or malformed.
    public let randomness: UInt64?
    /// A sub-key `th` is there, well-formed or not.
    package let hasThreshold: Bool
    /// A sub-key `th` or `rv` is there that is not well-formed.
    package let isMalformed: Bool

    private static let prefix = "ot="
    /// A value of `tracestate` has at most this many characters.
    private static let maximumLength = 256

    /// Finds the member in a normalised `tracestate`; `nil` when there is none.
    public init?(traceState: String) {
        guard let value = Self.value(in: traceState) else { return nil }
        var threshold: SamplingThreshold?
        var randomness: UInt64?
        var hasThreshold = false
        var isMalformed = false
        for part in value.split(separator: ";") {
            if part.hasPrefix("th:") {
                hasThreshold = true
                threshold = SamplingThreshold(text: part.dropFirst(3))
                if threshold == nil { isMalformed = true }
            } else if part.hasPrefix("rv:") {
                randomness = part.utf8.count == 17 ? Self.lowercaseHex(part.dropFirst(3)) : nil
                if randomness == nil { isMalformed = true }
            }
        }
        self.threshold = threshold
        self.randomness = randomness
        self.hasThreshold = hasThreshold
        self.isMalformed = isMalformed
    }

    /// A `tracestate` with another `th`, or without one.
    ///
    /// Other sub-keys and other members stay in their order; when something changes the member moves to the front, as W3C asks. A
    /// 33rd member falls off the end. Where `th` would make the member longer than 256 characters there will be none.
    public static func traceState(_ text: String, settingThreshold threshold: SamplingThreshold?) -> String {
        guard !text.isEmpty else { return threshold.map { prefix + "th:\($0)" } ?? "" }
        return traceState(text, settingThreshold: threshold, randomness: nil)
    }

    /// The same, with another `rv` too; `nil` leaves it as it is.
    package static func traceState(_ text: String, settingThreshold threshold: SamplingThreshold?, randomness: UInt64?) -> String {
        let old = value(in: text)
        var others = (old ?? "").split(separator: ";").filter { !$0.hasPrefix("th:") }
        if let randomness {
            others.removeAll { $0.hasPrefix("rv:") }
            // 56 bits are 14 digits.
            others.insert("rv:" + Hex.string(randomness).suffix(14), at: 0)
        }
        var parts = threshold.map { ["th:\($0)"] } ?? []
        parts += others.map(String.init)
        var value = parts.joined(separator: ";")
        if value.utf8.count > maximumLength { value = others.joined(separator: ";") }
        if value == old ?? "" { return text }
        var members = text.split(separator: ",").filter { !$0.hasPrefix(prefix) }
        guard !value.isEmpty else { return members.joined(separator: ",") }
        let room = TraceContext.maximumTraceStateMembers - 1
        if members.count > room { members.removeLast(members.count - room) }
        return ([prefix + value] + members.map(String.init)).joined(separator: ",")
    }

    private static func value(in traceState: String) -> Substring? {
        guard !traceState.isEmpty else { return nil }
        return traceState.split(separator: ",").first { $0.hasPrefix(prefix) }?.dropFirst(prefix.utf8.count)
    }

    static func lowercaseHex(_ text: some StringProtocol) -> UInt64? {
        var value: UInt64 = 0
        for byte in text.utf8 {
            guard let digit = Hex.value(of: byte), digit < 10 || byte >= UInt8(ascii: "a") else { return nil }
            value = value << 4 | UInt64(digit)
        }
        return value
    }
}

extension TraceContext {
    /// What consistent samplers compare with their threshold: `rv` of the `tracestate`, else the low 56 bits of the trace id.
    public var randomness: UInt64 {
        guard !traceState.isEmpty, let explicit = OpenTelemetryTraceState(traceState: traceState)?.randomness else { return traceID.randomness }
        return explicit
    }
}
