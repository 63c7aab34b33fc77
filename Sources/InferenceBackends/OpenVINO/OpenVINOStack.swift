internal import Inference

/// Requests on top of one another along axis 0.
enum OpenVINOStack {
    /// Indexes of requests that can be executed together: those with the same inputs of the same sizes, besides axis 0.
    static func groups(of requests: [InferenceRequest]) -> [[Int]] {
        guard let first = requests.first else { return [] }
        if requests.dropFirst().allSatisfy({ fits($0, first) }) { return [Array(requests.indices)] }
        var groups: [[Int]] = []
        for (index, request) in requests.enumerated() {
            if let group = groups.firstIndex(where: { fits(requests[$0[0]], request) }) {
                groups[group].append(index)
            } else {
                groups.append([index])
            }
        }
        return groups
    }

    private static func fits(_ left: InferenceRequest, _ right: InferenceRequest) -> Bool {
        left.inputs.count == right.inputs.count
            && left.inputs.allSatisfy { name, tensor in right.inputs[name].map { $0.shape.dropFirst() == tensor.shape.dropFirst() } ?? false }
    }

    /// One tensor of all; of a single one itself, without a copy.
    static func stack(_ tensors: [Tensor]) -> Tensor {
        guard tensors.count > 1, let first = tensors.first else { return tensors[0] }
        var storage: [UInt8] = []
        storage.reserveCapacity(tensors.reduce(0) { $0 + $1.storage.count })
        for tensor in tensors { storage += tensor.storage }
        let rows = tensors.reduce(0) { $0 + $1.shape[0] }
        return Tensor(uncheckedDataType: first.dataType, shape: [rows] + first.shape.dropFirst(), storage: storage)
    }

    /// The rows of each request.
    ///
    /// - Throws: `internal` when the tensor has another number of rows.
    static func split(_ tensor: Tensor, sizes: [Int], name: String) throws(InferenceError) -> [Tensor] {
        let total = sizes.reduce(0, +)
        guard sizes.count > 1 else { return [tensor] }
        guard tensor.shape.first == total else {
            throw InferenceError(.internal, "output '\(name)' has the shape \(Tensor.text(of: tensor.shape)), but the batch has \(total) rows")
        }
        let rest = Array(tensor.shape.dropFirst())
        var starts: [Int]
        if tensor.dataType == .bytes {
            let ranges = try Tensor.elementRanges(ofBytes: tensor.storage)
            let width = rest.reduce(1, *)
            // Where the rows begin: before the length of their first element.
            starts = (0..<total).map { width == 0 ? 0 : ranges[$0 * width].lowerBound - 4 } + [tensor.storage.count]
        } else {
            starts = (0...total).map { total == 0 ? 0 : tensor.storage.count / total * $0 }
        }
        var row = 0
        return sizes.map { size in
            defer { row += size }
            return Tensor(uncheckedDataType: tensor.dataType, shape: [size] + rest, storage: Array(tensor.storage[starts[row]..<starts[row + size]]))
        }
    }
}
