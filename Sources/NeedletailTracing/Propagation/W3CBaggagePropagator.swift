public import Instrumentation
internal import TraceModel

/// Carries ``Baggage`` in the header `baggage`: W3C Baggage.
///
/// Reading skips members that are malformed and keeps the others; of a name that comes twice the last value counts, and what
/// is in the context already stays unless the header names it. Writing leaves out names that are no HTTP token and properties
/// that are malformed. Both stop at ``maximumMembers`` and ``maximumLength``, member by member, never in the middle of one.
public struct W3CBaggagePropagator: TextMapPropagator {
    /// How many members are read and written; the recommendation asks for at least 64.
    public static let maximumMembers = 64
    /// How many bytes of members and commas are read and written; the recommendation asks for at least 8192.
    public static let maximumLength = 8192

    private static let header = "baggage"

    public init() {}

    public var fields: [String] { [Self.header] }

    public func extract<Carrier, Extract: Extractor>(
        _ carrier: Carrier,
        into context: inout ServiceContext,
        using extractor: Extract
    ) where Extract.Carrier == Carrier {
        guard let text = extractor.extract(key: Self.header, from: carrier) else { return }
        let baggage = Self.parse(text)
        if !baggage.isEmpty { context.baggage.merge(baggage) }
    }

    public func inject<Carrier, Inject: Injector>(
        _ context: ServiceContext,
        into carrier: inout Carrier,
        using injector: Inject
    ) where Inject.Carrier == Carrier {
        let text = Self.format(context.baggage)
        if !text.isEmpty { injector.inject(text, forKey: Self.header, into: &carrier) }
    }

    /// Reads `key=value;property;property=value, …`; several header lines are joined with `,` by the caller.
    static func parse(_ text: String) -> Baggage {
        var baggage = Baggage()
        var members = 0
        var length = 0
        for part in text.split(separator: ",") {
            let member = part.trimmingBlanks()
            guard !member.isEmpty else { continue }
            let size = member.utf8.count + (members > 0 ? 1 : 0)
            guard members < maximumMembers else { break }
            guard length + size <= maximumLength, let entry = entry(member) else { continue }
            members += 1
            length += size
            baggage.set(entry.value, forKey: entry.key, metadata: entry.metadata)
        }
        return baggage
    }

    private static func entry(_ member: Substring) -> Baggage.Entry? {
        let parts = member.split(separator: ";", omittingEmptySubsequences: false)
        guard let first = parts.first, let equals = first.firstIndex(of: "=") else { return nil }
        let key = first[..<equals].trimmingBlanks()
        let value = first[first.index(after: equals)...].trimmingBlanks()
        guard isToken(key), value.utf8.allSatisfy(isOctet) else { return nil }
        guard let metadata = properties(parts.dropFirst(), isComplete: true) else { return nil }
        return Baggage.Entry(key: String(key), value: PercentEncoding.decoded(value), metadata: metadata)
    }

    /// The well-formed properties without blanks; `nil` when all are asked for and one is malformed. An empty one is dropped.
    private static func properties(_ parts: some Sequence<Substring>, isComplete: Bool) -> String? {
        var result: [String] = []
        for part in parts {
            let property = part.trimmingBlanks()
            if property.isEmpty { continue }
            let equals = property.firstIndex(of: "=")
            let key = property[..<(equals ?? property.endIndex)].trimmingBlanks()
            let value = equals.map { property[property.index(after: $0)...].trimmingBlanks() }
            guard isToken(key), value?.utf8.allSatisfy(isOctet) ?? true else {
                if isComplete { return nil }
                continue
            }
            result.append(value.map { "\(key)=\($0)" } ?? String(key))
        }
        return result.joined(separator: ";")
    }

    /// The header for a baggage; empty when there is nothing to say.
    static func format(_ baggage: Baggage) -> String {
        var text = ""
        var members = 0
        for entry in baggage where isToken(entry.key) {
            var member = entry.key + "=" + PercentEncoding.encoded(entry.value) { isOctet($0) && $0 != UInt8(ascii: "%") }
            if !entry.metadata.isEmpty, let metadata = properties(entry.metadata.split(separator: ";"), isComplete: false), !metadata.isEmpty {
                member += ";" + metadata
            }
            guard members < maximumMembers else { break }
            guard text.utf8.count + member.utf8.count + (members > 0 ? 1 : 0) <= maximumLength else { continue }
            if members > 0 { text += "," }
            text += member
            members += 1
        }
        return text
    }

    /// `baggage-octet`: visible ASCII without `"`, `,`, `;` and `\`.
    static func isOctet(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x21, 0x23...0x2b, 0x2d...0x3a, 0x3c...0x5b, 0x5d...0x7e: true
        default: false
        }
    }

    /// A `token` of RFC 9110, section 5.6.2.
    static func isToken(_ text: some StringProtocol) -> Bool {
        !text.isEmpty
            && text.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"): true
                case UInt8(ascii: "!"), UInt8(ascii: "#")...UInt8(ascii: "'"), UInt8(ascii: "*"), UInt8(ascii: "+"), UInt8(ascii: "-"),
                    UInt8(ascii: "."), UInt8(ascii: "^")...UInt8(ascii: "`"), UInt8(ascii: "|"), UInt8(ascii: "~"):
                    true
                default: false
                }
            }
    }
}
