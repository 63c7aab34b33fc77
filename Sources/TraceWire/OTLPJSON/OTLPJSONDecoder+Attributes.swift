internal import JSONCoding
internal import TraceModel

extension OTLPJSONDecoder {
    /// `[{"key":string,"value":AnyValue}]`
    mutating func attributes(_ reader: inout JSONReader, into attributes: inout [Attribute]) throws {
        try keyValues(&reader, into: &attributes, depth: 0)
    }

    private mutating func keyValues(_ reader: inout JSONReader, into attributes: inout [Attribute], depth: Int) throws {
        try reader.beginArray()
        while try reader.nextElement() {
            try budget.take()
            // Neighbours have about as many attributes as each other.
            if attributes.isEmpty { attributes.reserveCapacity(attributeCountHint) }
            var attribute = Attribute(key: "", value: .empty)
            try reader.beginObject()
            while let key = try reader.nextKey() {
                if try reader.readNull() { continue }
                switch key {
                case "key": attribute.key = try string(&reader)
                case "value": attribute.value = try anyValue(&reader, depth: depth)
                default: try reader.skip()
                }
            }
            attributes.append(attribute)
        }
        attributeCountHint = min(attributes.count, 32)
    }

    /// One member of `{"stringValue","boolValue","intValue","doubleValue","arrayValue":{"values":[AnyValue]},
    /// "kvlistValue":{"values":[KeyValue]},"bytesValue":base64}`; the last one counts.
    private mutating func anyValue(_ reader: inout JSONReader, depth: Int) throws -> AttributeValue {
        var value = AttributeValue.empty
        try reader.beginObject()
        while let key = try reader.nextKey() {
            if try reader.readNull() { continue }
            switch key {
            case "stringValue": value = .string(try string(&reader))
            case "intValue": value = .int(try Self.int64(&reader))
            case "boolValue": value = .bool(try bool(&reader))
            case "doubleValue": value = .double(try double(&reader))
            case "arrayValue": value = .array(try arrayValue(&reader, depth: try deeper(reader.offset, depth)))
            case "kvlistValue": value = .keyValueList(try keyValueList(&reader, depth: try deeper(reader.offset, depth)))
            case "bytesValue": value = .bytes(try bytes(&reader))
            default: try reader.skip()
            }
        }
        return value
    }

    private mutating func arrayValue(_ reader: inout JSONReader, depth: Int) throws -> [AttributeValue] {
        var values: [AttributeValue] = []
        try reader.beginObject()
        while let key = try reader.nextKey() {
            if try reader.readNull() { continue }
            guard key == "values" else {
                try reader.skip()
                continue
            }
            try reader.beginArray()
            while try reader.nextElement() {
                try budget.take()
                // A null element stays an element, so that the places of the others keep their meaning.
                values.append(try reader.readNull() ? .empty : try anyValue(&reader, depth: depth))
            }
        }
        return values
    }

    private mutating func keyValueList(_ reader: inout JSONReader, depth: Int) throws -> [Attribute] {
        var values: [Attribute] = []
        try reader.beginObject()
        while let key = try reader.nextKey() {
            if try reader.readNull() { continue }
            if key == "values" {
                try keyValues(&reader, into: &values, depth: depth)
            } else {
                try reader.skip()
            }
        }
        return values
    }

    private func deeper(_ offset: Int, _ depth: Int) throws(WireError) -> Int {
        guard depth < WireLimit.valueDepth else {
            throw WireError(
                code: .tooDeep,
                message: "an attribute value at byte \(offset) is nested deeper than \(WireLimit.valueDepth) levels; flatten it")
        }
        return depth + 1
    }
}
