internal import Inference
internal import JSONCoding

/// Tensor values as JSON: KServe v2, "Tensor Data", `$tensor_data` of any nesting, row-major.
enum TensorJSON {
    /// Reads an array of values into tensor storage.
    ///
    /// - Parameters:
    ///   - limit: more elements than this are refused at once; `nil` takes as many as there are.
    ///   - isNested: whether arrays within the array are taken too.
    /// - Returns: the bytes, and how many elements they hold.
    /// - Throws: ``NotFlat``, Triton's messages as ``InferenceError``, or `JSONError`.
    static func read(
        _ reader: inout JSONReader,
        _ dataType: DataType,
        limit: Int?,
        isNested: Bool = true
    ) throws -> (storage: [UInt8], count: Int) {
        var sink = Sink(dataType: dataType, limit: limit ?? .max, isNested: isNested)
        if let limit, limit <= 1024 { sink.storage.reserveCapacity(limit * (dataType.byteWidth ?? 8)) }
        guard try reader.peek() == .array else { throw JSONFailure.wrongType("data", expected: "array") }
        try sink.readArray(&reader)
        return (sink.storage, sink.count)
    }

    /// Reads one value that stands alone.
    static func readScalar(_ reader: inout JSONReader, _ dataType: DataType) throws -> [UInt8] {
        var sink = Sink(dataType: dataType, limit: 1, isNested: false)
        try sink.readElement(&reader)
        return sink.storage
    }

    /// An array, object or null stands where a flat array has a value.
    struct NotFlat: Error {}

    private struct Sink {
        let dataType: DataType
        let limit: Int
        let isNested: Bool
        var storage: [UInt8] = []
        var count = 0

        mutating func readArray(_ reader: inout JSONReader) throws {
            try reader.beginArray()
            while try reader.nextElement() {
                if isFloatingPoint, let value = reader.readNonFinite() {
                    guard count < limit else { throw JSONFailure.dataCount }
                    count += 1
                    append(value, as: dataType)
                    continue
                }
                let kind = try reader.peek()
                if isNested, kind == .array {
                    try readArray(&reader)
                } else {
                    if !isNested, [.array, .object, .null].contains(kind) { throw NotFlat() }
                    guard count < limit else { throw JSONFailure.dataCount }
                    try readElement(&reader)
                }
            }
        }

        mutating func readElement(_ reader: inout JSONReader) throws {
            count += 1
            switch dataType {
            case .bool:
                guard try reader.peek() == .bool else { throw JSONFailure.wrongType("data", expected: "boolean") }
                storage.append(try reader.readBool() ? 1 : 0)
            case .uint8: append(try unsigned(&reader, UInt8.self))
            case .uint16: append(try unsigned(&reader, UInt16.self))
            case .uint32: append(try unsigned(&reader, UInt32.self))
            case .uint64: append(try unsigned(&reader, UInt64.self))
            case .int8: append(try signed(&reader, Int8.self))
            case .int16: append(try signed(&reader, Int16.self))
            case .int32: append(try signed(&reader, Int32.self))
            case .int64: append(try signed(&reader, Int64.self))
            case .fp16, .fp32, .fp64, .bf16: append(try number(&reader), as: dataType)
            case .bytes:
                let text = try reader.readString(of: "data")
                try Tensor.append(text.utf8, to: &storage)
            }
        }

        private mutating func append(_ value: some BitwiseCopyable) {
            withUnsafeBytes(of: value) { storage.append(contentsOf: $0) }
        }

        private var isFloatingPoint: Bool {
            switch dataType {
            case .fp16, .fp32, .fp64, .bf16: true
            default: false
            }
        }

        /// Other types than those of floating-point numbers are none of this function's.
        private mutating func append(_ value: Double, as type: DataType) {
            switch type {
            case .fp16: append(Float16(value))
            case .fp32: append(Float(value))
            case .bf16: append(BFloat16(Float(value)))
            default: append(value)
            }
        }

        private func number(_ reader: inout JSONReader) throws -> Double {
            if let value = reader.readNonFinite() { return value }
            switch try reader.peek() {
            case .number: return try reader.readDouble()
            case .string:
                // What the encoder writes for numbers that JSON does not have.
                switch try reader.readString() {
                case "NaN": return .nan
                case "Infinity": return .infinity
                case "-Infinity": return -.infinity
                default: throw JSONFailure.wrongType("data", expected: "number")
                }
            default: throw JSONFailure.wrongType("data", expected: "number")
            }
        }

        private func unsigned<Integer: FixedWidthInteger>(_ reader: inout JSONReader, _ type: Integer.Type) throws -> Integer {
            guard try reader.peek() == .number else { throw JSONFailure.wrongType("data", expected: "unsigned-integer") }
            let value: UInt64
            do {
                value = try reader.readUInt64()
            } catch {
                throw error.isAboutValue ? JSONFailure.wrongType("data", expected: "unsigned-integer") as any Error : error
            }
            guard let result = Integer(exactly: value) else { throw outOfRange("\(value)", Integer.min, Integer.max) }
            return result
        }

        private func signed<Integer: FixedWidthInteger>(_ reader: inout JSONReader, _ type: Integer.Type) throws -> Integer {
            guard try reader.peek() == .number else { throw JSONFailure.wrongType("data", expected: "signed-integer") }
            let value: Int64
            do {
                value = try reader.readInt64()
            } catch {
                throw error.isAboutValue ? JSONFailure.wrongType("data", expected: "signed-integer") as any Error : error
            }
            guard let result = Integer(exactly: value) else { throw outOfRange("\(value)", Integer.min, Integer.max) }
            return result
        }

        private func outOfRange(_ value: String, _ least: some FixedWidthInteger, _ greatest: some FixedWidthInteger) -> InferenceError {
            InferenceError(.internal, "Unable to parse 'data': the value \(value) is outside the range of \(dataType), \(least) to \(greatest)")
        }
    }

    /// Writes all values, without brackets, into an open array.
    static func write(_ tensor: Tensor, to writer: inout JSONWriter) throws(InferenceError) {
        switch tensor.dataType {
        case .bool: for value in tensor.storage { writer.bool(value != 0) }
        case .uint8: for value in tensor.storage { writer.uint(UInt64(value)) }
        case .uint16: forEach(tensor, UInt16.self) { writer.uint(UInt64($0)) }
        case .uint32: forEach(tensor, UInt32.self) { writer.uint(UInt64($0)) }
        case .uint64: forEach(tensor, UInt64.self) { writer.uint($0) }
        case .int8: forEach(tensor, Int8.self) { writer.int(Int64($0)) }
        case .int16: forEach(tensor, Int16.self) { writer.int(Int64($0)) }
        case .int32: forEach(tensor, Int32.self) { writer.int(Int64($0)) }
        case .int64: forEach(tensor, Int64.self) { writer.int($0) }
        case .fp16: forEach(tensor, Float16.self) { writer.float(Float($0)) }
        case .fp32: forEach(tensor, Float.self) { writer.float($0) }
        case .fp64: forEach(tensor, Double.self) { writer.double($0) }
        case .bf16: forEach(tensor, BFloat16.self) { writer.float(Float($0)) }
        case .bytes: for text in try tensor.strings() { writer.string(text) }
        }
    }

    private static func forEach<Element: TensorElement>(_ tensor: Tensor, _ type: Element.Type, _ body: (Element) -> Void) {
        let size = MemoryLayout<Element>.size
        tensor.storage.withUnsafeBytes { bytes in
            for offset in stride(from: 0, to: bytes.count - bytes.count % size, by: size) {
                body(bytes.loadUnaligned(fromByteOffset: offset, as: Element.self))
            }
        }
    }
}
