/// Whole messages, field by field.
extension ProtobufCursor {
    /// Reads the fields of the open message.
    @inlinable @inline(__always)
    package mutating func fields(_ field: (inout Self, UInt32) throws(Failure) -> Void) throws(Failure) {
        while !isAtEnd {
            let tag = try tag()
            try field(&self, tag)
        }
    }

    /// Reads a nested message whose tag was read.
    @inlinable @inline(__always)
    package mutating func message(_ field: (inout Self, UInt32) throws(Failure) -> Void) throws(Failure) {
        let outer = try enter()
        try fields(field)
        leave(outer)
    }

    /// Reads text; bytes that are no UTF-8 become U+FFFD.
    @inlinable @inline(__always)
    package mutating func text() throws(Failure) -> String { String(decoding: try bytes(), as: UTF8.self) }

    @inlinable @inline(__always)
    package mutating func flag() throws(Failure) -> Bool { try varint() != 0 }

    @inlinable @inline(__always)
    package mutating func int64() throws(Failure) -> Int64 { Int64(bitPattern: try varint()) }

    /// Reads repeated numbers, packed (wire type 2) or one of them alone.
    @inlinable @inline(__always)
    package mutating func repeated(_ tag: UInt32, _ element: (inout Self) throws(Failure) -> Void) throws(Failure) {
        guard tag & 7 == WireType.lengthDelimited else { return try element(&self) }
        let outer = try enter()
        while !isAtEnd { try element(&self) }
        leave(outer)
    }
}

extension ProtobufCursor {
    /// Reads a whole message with a closure that takes each field by its tag (`number << 3 | wire type`); what it does not know it
    /// steps over with ``skip(_:)``.
    @inlinable
    package static func parse(
        _ bytes: [UInt8], _ schema: Failure.Schema, _ field: (inout Self, UInt32) throws(Failure) -> Void
    ) throws(Failure) {
        let result = bytes.withUnsafeBufferPointer { buffer -> Result<Void, Failure> in
            guard let base = buffer.baseAddress, !buffer.isEmpty else { return .success(()) }
            var cursor = Self(buffer, base: base, schema: schema)
            do throws(Failure) { return .success(try cursor.fields(field)) } catch { return .failure(error) }
        }
        try result.get()
    }
}
