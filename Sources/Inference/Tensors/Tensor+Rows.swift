/// The first axis: what a batch is made of.
extension Tensor {
    /// The size of axis 0; 1 for a scalar.
    public var rowCount: Int { shape.first ?? 1 }

    /// The tensors below each other.
    ///
    /// - Throws: `invalidArgument` when there is none, or they differ in element type or in any axis but the first.
    public static func concatenated(_ tensors: [Tensor]) throws(InferenceError) -> Tensor {
        guard let first = tensors.first else { throw InferenceError(.invalidArgument, "there is no tensor to concatenate") }
        guard tensors.count > 1 else { return first }
        guard !first.shape.isEmpty else { throw InferenceError(.invalidArgument, "a scalar has no axis to concatenate along") }
        var rows = 0
        var bytes = 0
        for tensor in tensors {
            guard tensor.dataType == first.dataType, tensor.shape.count == first.shape.count, tensor.shape.dropFirst() == first.shape.dropFirst() else {
                throw InferenceError(
                    .invalidArgument,
                    """
                    tensors can only be concatenated when all but the first axis are equal, but there are \(first.dataType) \
                    \(text(of: first.shape)) and \(tensor.dataType) \(text(of: tensor.shape))
                    """
                )
            }
            rows += tensor.shape[0]
            bytes += tensor.storage.count
        }
        var storage: [UInt8] = []
        storage.reserveCapacity(bytes)
        for tensor in tensors { storage += tensor.storage }
        return Tensor(uncheckedDataType: first.dataType, shape: [rows] + first.shape.dropFirst(), storage: storage)
    }

    /// Some of the rows.
    ///
    /// - Throws: `invalidArgument` when they are not all there.
    public func rows(_ range: Range<Int>) throws(InferenceError) -> Tensor {
        if range == 0..<rowCount, !shape.isEmpty { return self }
        return try rows(Array(range))
    }

    /// The rows of these numbers, in this order; a number may come more than once.
    ///
    /// - Throws: `invalidArgument` when one is not there.
    public func rows(_ numbers: [Int]) throws(InferenceError) -> Tensor {
        guard !shape.isEmpty else { throw InferenceError(.invalidArgument, "a scalar has no rows") }
        let ends = try rowEnds()
        var storage: [UInt8] = []
        for number in numbers {
            guard (0..<rowCount).contains(number) else {
                throw InferenceError(.invalidArgument, "there is no row \(number) in a tensor of shape \(Self.text(of: shape))")
            }
            storage += self.storage[(number == 0 ? 0 : ends(number - 1))..<ends(number)]
        }
        return Tensor(uncheckedDataType: dataType, shape: [numbers.count] + shape.dropFirst(), storage: storage)
    }

    /// The bytes of one row.
    func rowBytes(_ number: Int) throws(InferenceError) -> ArraySlice<UInt8> {
        let ends = try rowEnds()
        return storage[(number == 0 ? 0 : ends(number - 1))..<ends(number)]
    }

    /// Where each row ends within the storage.
    private func rowEnds() throws(InferenceError) -> (Int) -> Int {
        if dataType.byteWidth != nil {
            let size = rowCount == 0 ? 0 : storage.count / rowCount
            return { ($0 + 1) * size }
        }
        let ranges = try Self.elementRanges(ofBytes: storage)
        let perRow = rowCount == 0 ? 0 : ranges.count / rowCount
        // A row of no elements ends where it begins.
        return { row in perRow == 0 ? 0 : ranges[(row + 1) * perRow - 1].upperBound }
    }

    /// The tensor with its axes after the first made longer; what is new holds this element.
    func padded(toRowShape target: [Int], with element: [UInt8]) throws(InferenceError) -> Tensor {
        let old = Array(shape.dropFirst())
        guard old != target else { return self }
        guard old.count == target.count, zip(old, target).allSatisfy({ $0 <= $1 }), let oldRun = old.last, let newRun = target.last else {
            throw InferenceError(.invalidArgument, "rows of shape \(Self.text(of: old)) cannot be padded to \(Self.text(of: target))")
        }
        let newShape = [rowCount] + target
        _ = try Self.checkedElementCount(of: newShape)
        let runs = try runRanges(length: oldRun)
        var storage: [UInt8] = []
        let outer = newShape.dropLast().reduce(1, *)
        var index = Array(repeating: 0, count: newShape.count - 1)
        for _ in 0..<outer {
            let isOld = zip(index.dropFirst(), old).allSatisfy { $0 < $1 }
            if isOld {
                var position = index[0]
                for (axis, size) in zip(index.dropFirst(), old) { position = position * size + axis }
                storage += self.storage[runs(position)]
            }
            for _ in 0..<(isOld ? newRun - oldRun : newRun) { storage += element }
            Self.advance(&index, within: newShape)
        }
        return Tensor(uncheckedDataType: dataType, shape: newShape, storage: storage)
    }

    /// Where each run along the last axis lies within the storage.
    private func runRanges(length: Int) throws(InferenceError) -> (Int) -> Range<Int> {
        if let width = dataType.byteWidth { return { $0 * length * width..<($0 + 1) * length * width } }
        let ranges = try Self.elementRanges(ofBytes: storage)
        return { run in
            guard length > 0 else { return 0..<0 }
            return ranges[run * length].lowerBound - 4..<ranges[(run + 1) * length - 1].upperBound
        }
    }

    private static func advance(_ index: inout [Int], within shape: [Int]) {
        var axis = index.count - 1
        while axis >= 0 {
            index[axis] += 1
            if index[axis] < shape[axis] { return }
            index[axis] = 0
            axis -= 1
        }
    }
}
