internal import JSONCoding
internal import TraceModel

/// Members of an open object, in one line each.
extension JSONWriter {
    mutating func field(_ name: StaticString, _ value: String) {
        key(name)
        string(value)
    }

    mutating func field(_ name: StaticString, _ value: Int) {
        key(name)
        int(value)
    }

    /// Durations: numbers, exact below 2^53 ns (104 days).
    mutating func field(_ name: StaticString, _ value: UInt64) {
        key(name)
        uint(value)
    }

    mutating func field(_ name: StaticString, _ value: Double) {
        key(name)
        number(value)
    }

    mutating func field(_ name: StaticString, _ value: Bool) {
        key(name)
        bool(value)
    }

    /// A member that is not there stands for "unknown".
    mutating func field(_ name: StaticString, _ value: UInt64?) { if let value { field(name, value) } }
    mutating func field(_ name: StaticString, _ value: Double?) { if let value { field(name, value) } }
    mutating func field(_ name: StaticString, _ value: Int64?) {
        guard let value else { return }
        key(name)
        int(value)
    }
    mutating func field(_ name: StaticString, nonEmpty value: String?) { if let value, !value.isEmpty { field(name, value) } }

    /// Nanoseconds since the epoch, as text: a browser's numbers are not exact there.
    mutating func time(_ name: StaticString, _ value: UInt64) {
        key(name)
        quotedUInt(value)
    }

    mutating func object(_ name: StaticString, _ body: (inout JSONWriter) -> Void) {
        key(name)
        object(body)
    }

    mutating func object(_ body: (inout JSONWriter) -> Void) {
        beginObject()
        body(&self)
        endObject()
    }

    mutating func array<Element>(_ name: StaticString, _ elements: some Sequence<Element>, _ body: (inout JSONWriter, Element) -> Void) {
        key(name)
        beginArray()
        for element in elements { body(&self, element) }
        endArray()
    }

    mutating func strings(_ name: StaticString, _ values: some Sequence<String>) {
        array(name, values) { $0.string($1) }
    }

    mutating func ids(_ name: StaticString, _ values: [TraceID]) {
        array(name, values) { $0.string("\($1)") }
    }

    /// Without a fraction where there is none; not finite is null.
    mutating func number(_ value: Double) {
        if !value.isFinite {
            null()
        } else if value == value.rounded(), value.magnitude < 0x1p53 {
            int(Int64(value))
        } else {
            double(value)
        }
    }

    /// The body of a whole answer.
    static func document(reserving: Int = 1024, _ body: (inout JSONWriter) -> Void) -> [UInt8] {
        var writer = JSONWriter(reserving: reserving)
        writer.object(body)
        return writer.finish()
    }
}
