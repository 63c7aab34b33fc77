/// The name of an object's member, borrowed from the text that is read.
///
/// Comparing with a literal allocates nothing, so that a `switch` over the known names is fast:
///
///     try reader.readObject { reader, key in
///         switch key {
///         case "name": name = try reader.readString()
///         default: try reader.skip()
///         }
///     }
///
/// A key points into the reader's text: use it only until the closure that got it returns. Keep ``string`` instead.
public struct JSONKey {
    // Unsafe: points into the buffer that `JSONReader.read` holds open; the documentation above forbids keeping a key.
    @usableFromInline let start: UnsafePointer<UInt8>
    @usableFromInline let count: Int
    @usableFromInline let hasEscapes: Bool

    @inlinable
    init(start: UnsafePointer<UInt8>, count: Int, hasEscapes: Bool) {
        self.start = start
        self.count = count
        self.hasEscapes = hasEscapes
    }

    /// The name, with escapes resolved.
    public var string: String {
        let raw = UnsafeBufferPointer(start: start, count: count)
        return hasEscapes ? String(decoding: JSONEscapes.resolve(raw), as: UTF8.self) : String(decoding: raw, as: UTF8.self)
    }

    /// Compares the name with a literal, byte by byte.
    @inlinable
    public static func == (key: JSONKey, name: StaticString) -> Bool {
        if key.hasEscapes { return key.equalsResolved(name) }
        guard name.hasPointerRepresentation else { return key.equalsResolved(name) }
        let length = name.utf8CodeUnitCount
        guard key.count == length else { return false }
        let other = name.utf8Start
        var index = 0
        while index < length {
            // In bounds: both sides hold `length` bytes.
            if key.start[index] != other[index] { return false }
            index &+= 1
        }
        return true
    }

    /// Lets `switch` compare a key with literals.
    @inlinable
    public static func ~= (name: StaticString, key: JSONKey) -> Bool { key == name }

    @usableFromInline
    func equalsResolved(_ name: StaticString) -> Bool {
        string == name.withUTF8Buffer { String(decoding: $0, as: UTF8.self) }
    }
}
