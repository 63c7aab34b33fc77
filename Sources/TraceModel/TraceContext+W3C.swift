/// The text forms of the W3C Trace Context recommendation.
extension TraceContext {
    /// Names of the two headers, in the lower case that HTTP/2 and gRPC ask for.
    public enum HeaderName {
        public static let traceparent = "traceparent"
        public static let tracestate = "tracestate"
    }

    /// How strictly headers are read.
    public enum Reading: Hashable, Sendable {
        /// As Trace Context Level 2 says: lower-case digits only, and a list of more than 32 members is dropped.
        case strict
        /// Digits of any case, and the first 32 members of a longer list, as inference servers read them.
        case tolerant
    }

    /// Reads `traceparent` and `tracestate` of an incoming request.
    ///
    /// Blanks around `traceparent` are ignored, and a version above `00` may carry more fields (section 3.2.4 of the
    /// recommendation). Reserved flags are dropped. A broken `tracestate` is dropped; `traceparent` still counts.
    ///
    /// - Returns: `nil` when `traceparent` is malformed, has version `ff`, or an all-zero id: the receiver starts a new trace.
    public init?(traceparent: some StringProtocol, tracestate: String? = nil, reading: Reading = .strict) {
        var bytes = Array(traceparent.utf8)[...]
        while let first = bytes.first, first == UInt8(ascii: " ") || first == UInt8(ascii: "\t") { bytes.removeFirst() }
        while let last = bytes.last, last == UInt8(ascii: " ") || last == UInt8(ascii: "\t") { bytes.removeLast() }
        guard bytes.count >= 55 else { return nil }
        let start = bytes.startIndex
        func hexValue(_ offset: Int, _ digits: Int) -> UInt64? {
            var value: UInt64 = 0
            for index in start + offset..<start + offset + digits {
                guard let nibble = Hex.value(of: bytes[index]) else { return nil }
                // Upper-case letters lie below 0x61.
                if nibble > 9, bytes[index] < UInt8(ascii: "a"), reading == .strict { return nil }
                value = value << 4 | UInt64(nibble)
            }
            return value
        }
        let dash = UInt8(ascii: "-")
        guard bytes[start + 2] == dash, bytes[start + 35] == dash, bytes[start + 52] == dash,
            let version = hexValue(0, 2), version != 0xff,
            let high = hexValue(3, 16), let low = hexValue(19, 16),
            let span = hexValue(36, 16),
            let flags = hexValue(53, 2)
        else { return nil }
        // Version 00 is exactly 55 characters; a later one may go on after another dash.
        guard bytes.count == 55 || (version > 0 && bytes[start + 55] == dash) else { return nil }
        self.init(
            traceID: TraceID(high: high, low: low),
            spanID: SpanID(span),
            flags: TraceFlags(rawValue: UInt8(flags)).intersection(.defined),
            isRemote: true
        )
        guard isValid else { return nil }
        traceState = tracestate.flatMap { Self.normalizedTraceState($0, reading: reading) } ?? ""
    }

    /// `00-<trace id>-<span id>-<flags>`, section 3.2. Reserved flags are written as zero.
    public var traceparent: String {
        "00-\(traceID)-\(spanID)-\(flags.intersection(.defined).hexadecimal)"
    }

    /// At most this many list members (section 3.3.1.1).
    public static let maximumTraceStateMembers = 32

    /// Checks `tracestate` (section 3.3) and writes it without blanks; several header lines are joined with `,` by the caller.
    ///
    /// Of a key that comes twice the first member is kept.
    ///
    /// - Returns: `nil` when a key or value is malformed, or there are too many members: the whole list is then dropped.
    public static func normalizedTraceState(_ text: String, reading: Reading = .strict) -> String? {
        var members: [Substring] = []
        var keys: Set<Substring> = []
        for part in text.split(separator: ",", omittingEmptySubsequences: true) {
            let member = part.trimmingBlanks()
            if member.isEmpty { continue }
            guard let equals = member.firstIndex(of: "=") else { return nil }
            let key = member[..<equals]
            let value = member[member.index(after: equals)...]
            guard isTraceStateKey(key), isTraceStateValue(value) else { return nil }
            guard keys.insert(key).inserted else { continue }
            if members.count < maximumTraceStateMembers {
                members.append(member)
            } else if reading == .strict {
                return nil
            }
        }
        return members.joined(separator: ",")
    }

    /// Shortens a normalised `tracestate` by whole members, as section 3.3.1.5 asks: first those longer than 128 characters, then
    /// from the end.
    public static func truncatedTraceState(_ text: String, to maximumLength: Int) -> String {
        guard text.utf8.count > maximumLength else { return text }
        var members = text.split(separator: ",")
        var length = text.utf8.count
        func remove(_ index: Int) {
            // A comma goes with each member but the only one.
            length -= members[index].utf8.count + (members.count > 1 ? 1 : 0)
            members.remove(at: index)
        }
        for index in members.indices.reversed() where length > maximumLength && members[index].utf8.count > 128 { remove(index) }
        while length > maximumLength, !members.isEmpty { remove(members.count - 1) }
        return members.joined(separator: ",")
    }

    /// A lower-case letter or digit, then up to 255 of those and `_-*/@`.
    private static func isTraceStateKey(_ key: Substring) -> Bool {
        let bytes = key.utf8
        guard (1...256).contains(bytes.count), let first = bytes.first else { return false }
        guard (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(first) || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(first) else {
            return false
        }
        return bytes.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"),
                UInt8(ascii: "_"), UInt8(ascii: "-"), UInt8(ascii: "*"), UInt8(ascii: "/"), UInt8(ascii: "@"):
                true
            default: false
            }
        }
    }

    /// 1 to 256 printable ASCII characters without `,` and `=`.
    private static func isTraceStateValue(_ value: Substring) -> Bool {
        let bytes = value.utf8
        guard (1...256).contains(bytes.count) else { return false }
        return bytes.allSatisfy { (0x20...0x7e).contains($0) && $0 != UInt8(ascii: ",") && $0 != UInt8(ascii: "=") }
    }
}

extension TraceFlags {
    /// Two hex digits, as in `traceparent`.
    public var hexadecimal: String {
        String(decoding: [Hex.digit(rawValue >> 4), Hex.digit(rawValue & 0xf)], as: UTF8.self)
    }
}
