internal import JSONCoding

extension Tensor {
    /// The values as a trace has them: separated by commas, numbers with all their digits, BYTES elements as JSON strings.
    ///
    /// - Parameter limit: bytes of the text; it ends before the first value that does not fit.
    /// - Returns: the text, and whether all values are in it.
    func traceText(limit: Int) -> (text: String, isComplete: Bool) {
        var text = TraceTextBuilder(limit: limit)
        // Typed access cannot fail: each type is asked for its own tensor.
        switch dataType {
        case .bool: text.add(storage) { $0 == 0 ? "0" : "1" }
        case .uint8: text.add(storage, \.description)
        case .uint16: text.add(elements(of: UInt16.self), \.description)
        case .uint32: text.add(elements(of: UInt32.self), \.description)
        case .uint64: text.add(elements(of: UInt64.self), \.description)
        case .int8: text.add(elements(of: Int8.self), \.description)
        case .int16: text.add(elements(of: Int16.self), \.description)
        case .int32: text.add(elements(of: Int32.self), \.description)
        case .int64: text.add(elements(of: Int64.self), \.description)
        case .fp16: text.add(elements(of: Float16.self)) { Self.numberText($0.description) }
        case .fp32: text.add(elements(of: Float.self)) { Self.numberText($0.description) }
        case .fp64: text.add(elements(of: Double.self)) { Self.numberText($0.description) }
        case .bf16: text.add(elements(of: BFloat16.self)) { Self.numberText(Float($0).description) }
        case .bytes:
            text.add((try? Self.elementRanges(ofBytes: storage)) ?? []) { range in
                var writer = JSONWriter()
                writer.string(String(decoding: storage[range], as: UTF8.self))
                return String(decoding: writer.bytes, as: UTF8.self)
            }
        }
        return (text.text, text.isComplete)
    }

    private func elements<Element: TensorElement>(of type: Element.Type) -> some Sequence<Element> {
        let width = MemoryLayout<Element>.size
        return (0..<storage.count / width).lazy.map { index in
            storage.withUnsafeBytes { $0.loadUnaligned(fromByteOffset: index * width, as: Element.self) }
        }
    }

    /// `1` rather than `1.0`, as Triton writes whole numbers.
    private static func numberText(_ text: String) -> String { text.hasSuffix(".0") ? String(text.dropLast(2)) : text }
}

private struct TraceTextBuilder {
    let limit: Int
    var text = ""
    var isComplete = true

    init(limit: Int) { self.limit = limit }

    mutating func add<Values: Sequence>(_ values: Values, _ describe: (Values.Element) -> String) {
        var length = 0
        for value in values {
            let element = describe(value)
            length += element.utf8.count + 1
            guard length <= limit + 1 else {
                isComplete = false
                return
            }
            if !text.isEmpty { text += "," }
            text += element
        }
    }
}
