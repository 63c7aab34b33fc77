#if canImport(Glibc)
internal import Glibc
#else
internal import Darwin
#endif
internal import Inference

/// Triton's classification extension: of each item of a batch the classes with the greatest values, best first, as BYTES
/// `value:index` or `value:index:label`.
enum Classification {
    /// Sorting more values than this for one request is refused.
    static let maxElements = 1_000_000

    /// The classes of a model's output, with its labels.
    static func classes(of tensor: Tensor, output: String, count: Int, model: ModelDefinition) throws(InferenceError) -> Tensor {
        try classes(of: tensor, output: output, count: count, isBatching: model.isBatching, labels: model.output(named: output)?.labels ?? [])
    }

    /// - Parameters:
    ///   - count: how many classes are asked for; more than there are give all.
    ///   - labels: by index; may be fewer than there are classes.
    /// - Throws: `invalidArgument` for values that have no order, or too many of them.
    static func classes(
        of tensor: Tensor,
        output: String,
        count: Int,
        isBatching: Bool,
        labels: [String] = []
    ) throws(InferenceError) -> Tensor {
        let hasBatchAxis = isBatching && !tensor.shape.isEmpty
        let items = hasBatchAxis ? tensor.shape[0] : 1
        let classCount = tensor.shape.dropFirst(hasBatchAxis ? 1 : 0).reduce(1, *)
        guard classCount <= maxElements else {
            throw InferenceError(.invalidArgument, "classification output tensor too large: '\(output)' has \(classCount) classes, at most \(maxElements) are sorted")
        }
        let batch = Batch(items: items, classCount: classCount, wanted: min(count, classCount), labels: labels)
        let texts: [String] =
            switch tensor.dataType {
            case .uint8: batch.texts(of: tensor.storage)
            case .uint16: batch.texts(of: try tensor.values(as: UInt16.self))
            case .uint32: batch.texts(of: try tensor.values(as: UInt32.self))
            case .uint64: batch.texts(of: try tensor.values(as: UInt64.self))
            case .int8: batch.texts(of: try tensor.values(as: Int8.self))
            case .int16: batch.texts(of: try tensor.values(as: Int16.self))
            case .int32: batch.texts(of: try tensor.values(as: Int32.self))
            case .int64: batch.texts(of: try tensor.values(as: Int64.self))
            case .fp16, .bf16, .fp32, .fp64:
                // NaN has no place among numbers; it comes last.
                batch.texts(of: try tensor.doubles(), print: fixed) { $0 > $1 || ($1.isNaN && !$0.isNaN) }
            case .bool, .bytes:
                throw InferenceError(.invalidArgument, "class result not available for output '\(output)' due to unsupported type '\(tensor.dataType)'")
            }
        return try Tensor(strings: texts, shape: hasBatchAxis ? [items, batch.wanted] : [batch.wanted])
    }

    private struct Batch {
        var items: Int
        var classCount: Int
        /// How many classes of each item are told.
        var wanted: Int
        var labels: [String]

        func texts(of values: [some FixedWidthInteger]) -> [String] { texts(of: values, print: { String($0) }, by: >) }

        /// Of equal values the lower index comes first.
        func texts<Value>(of values: [Value], print: (Value) -> String, by isBefore: (Value, Value) -> Bool) -> [String] {
            var texts: [String] = []
            texts.reserveCapacity(items * wanted)
            for item in 0..<items {
                let first = item * classCount
                let order = (first..<first + classCount).sorted { a, b in
                    if isBefore(values[a], values[b]) { return true }
                    return !isBefore(values[b], values[a]) && a < b
                }
                for index in order.prefix(wanted) {
                    let label = index - first < labels.count ? ":" + labels[index - first] : ""
                    texts.append("\(print(values[index])):\(index - first)\(label)")
                }
            }
            return texts
        }
    }

    /// With six digits after the point, as C's `%f`.
    private static func fixed(_ value: Double) -> String {
        // The longest: 309 digits before the point.
        var buffer = [CChar](repeating: 0, count: 340)
        let length = withVaList([value]) { vsnprintf(&buffer, buffer.count, "%f", $0) }
        return String(decoding: buffer.prefix(Int(max(0, length))).map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}
