internal import TraceModel

extension OTLPProtobufDecoder {
    /// A string that may repeat within the request.
    @inline(__always)
    mutating func string() throws(WireError) -> String {
        let bytes = try cursor.bytes()
        guard let start = bytes.baseAddress else { return "" }
        return strings.string(start, bytes.count)
    }

    /// Appends one attribute whose tag was read; reserves room for its neighbours first.
    @inline(__always)
    mutating func attribute(_ tag: UInt32, into attributes: inout [Attribute]) throws(WireError) {
        if !wantsAll {
            if wantsNone {
                _ = try cursor.bytes()
            } else {
                try attribute(tag, into: &attributes, keys: choice?.keys)
            }
            return
        }
        if attributes.isEmpty { attributes.reserveCapacity(cursor.runLength(tag)) }
        attributes.append(try keyValue(depth: 0))
    }

    /// Appends one attribute whose tag was read, unless its key is none of `keys`.
    mutating func attribute(_ tag: UInt32, into attributes: inout [Attribute], keys: OTLPChoice.Keys?) throws(WireError) {
        if let keys {
            var ahead = cursor
            let body = try ahead.bytes()
            // The key comes first, with a length of one byte; whatever is written in another way is taken.
            if body.count >= 2, body[0] == 1 << 3 | 2, body[1] < 0x80, Int(body[1]) <= body.count - 2 {
                let key = UnsafeBufferPointer(rebasing: body[2..<2 + Int(body[1])])
                if !keys.contains(key) {
                    cursor = ahead
                    return
                }
            }
        }
        attributes.append(try keyValue(depth: 0))
    }

    /// `message KeyValue { string key = 1; AnyValue value = 2; }`
    private mutating func keyValue(depth: Int) throws(WireError) -> Attribute {
        try budget.take()
        let outer = try cursor.enter()
        var attribute = Attribute(key: "", value: .empty)
        while !cursor.isAtEnd {
            let tag = try cursor.tag()
            switch tag {
            case 1 << 3 | 2: attribute.key = try string()
            case 2 << 3 | 2: attribute.value = try anyValue(depth: depth)
            default: try cursor.skip(tag)
            }
        }
        cursor.leave(outer)
        return attribute
    }

    /// `message AnyValue { oneof value { string string_value = 1; bool bool_value = 2; int64 int_value = 3;
    /// double double_value = 4; ArrayValue array_value = 5; KeyValueList kvlist_value = 6; bytes bytes_value = 7; } }`
    ///
    /// The last member of the oneof counts.
    private mutating func anyValue(depth: Int) throws(WireError) -> AttributeValue {
        let outer = try cursor.enter()
        var value = AttributeValue.empty
        while !cursor.isAtEnd {
            let tag = try cursor.tag()
            switch tag {
            case 1 << 3 | 2: value = .string(try string())
            case 2 << 3: value = .bool(try cursor.varint() != 0)
            case 3 << 3: value = .int(Int64(bitPattern: try cursor.varint()))
            case 4 << 3 | 1: value = .double(Double(bitPattern: try cursor.fixed64()))
            case 5 << 3 | 2: value = .array(try arrayValue(depth: try deeper(depth)))
            case 6 << 3 | 2: value = .keyValueList(try keyValueList(depth: try deeper(depth)))
            case 7 << 3 | 2: value = .bytes(Array(try cursor.bytes()))
            default: try cursor.skip(tag)
            }
        }
        cursor.leave(outer)
        return value
    }

    /// `message ArrayValue { repeated AnyValue values = 1; }`
    private mutating func arrayValue(depth: Int) throws(WireError) -> [AttributeValue] {
        let outer = try cursor.enter()
        var values: [AttributeValue] = []
        while !cursor.isAtEnd {
            let tag = try cursor.tag()
            if tag == 1 << 3 | 2 {
                try budget.take()
                values.append(try anyValue(depth: depth))
            } else {
                try cursor.skip(tag)
            }
        }
        cursor.leave(outer)
        return values
    }

    /// `message KeyValueList { repeated KeyValue values = 1; }`
    private mutating func keyValueList(depth: Int) throws(WireError) -> [Attribute] {
        let outer = try cursor.enter()
        var values: [Attribute] = []
        while !cursor.isAtEnd {
            let tag = try cursor.tag()
            if tag == 1 << 3 | 2 {
                values.append(try keyValue(depth: depth))
            } else {
                try cursor.skip(tag)
            }
        }
        cursor.leave(outer)
        return values
    }

    private func deeper(_ depth: Int) throws(WireError) -> Int {
        guard depth < WireLimit.valueDepth else {
            throw WireError(
                code: .tooDeep,
                message: "an attribute value at byte \(cursor.position) is nested deeper than \(WireLimit.valueDepth) levels; flatten it")
        }
        return depth + 1
    }
}
