extension Model {
    /// Calls the function once for each set of inputs that requests bring: PyTriton's `@group_by_keys`.
    public static func groupByKeys(_ execute: @escaping Execute) -> Execute {
        { requests in
            var groups: [(names: Set<String>, indices: [Int])] = []
            for (index, request) in requests.enumerated() {
                let names = Set(request.inputs.names)
                if let group = groups.firstIndex(where: { $0.names == names }) {
                    groups[group].indices.append(index)
                } else {
                    groups.append((names, [index]))
                }
            }
            guard groups.count > 1 else { return try await execute(requests) }
            var results: [InferenceResult?] = Array(repeating: nil, count: requests.count)
            for group in groups {
                let part = try await execute(group.indices.map { requests[$0] })
                guard part.count == group.indices.count else {
                    throw InferenceError(.internal, "the function gave \(part.count) results for a group of \(group.indices.count) requests")
                }
                for (index, result) in zip(group.indices, part) { results[index] = result }
            }
            return results.compactMap { $0 }
        }
    }

    /// Calls the function once for each combination of values that rows have in some inputs: PyTriton's `@group_by_values`.
    ///
    /// - Parameters:
    ///   - keys: the inputs by whose rows the batch is split; all must be there.
    ///   - padder: brings the outputs of the groups to one shape; without it they must be of one.
    public static func groupByValues(_ keys: [String], padder: ConstantPadder? = nil, _ execute: @escaping ExecuteBatch) -> ExecuteBatch {
        { inputs, context in
            let batchSize = inputs.tensors.first?.rowCount ?? 0
            var numbers: [[UInt8]: Int] = [:]
            var groups: [[Int]] = []
            for row in 0..<batchSize {
                var value: [UInt8] = []
                for key in keys {
                    let bytes = try inputs.require(key).rowBytes(row)
                    // With its length in front, so that no two combinations look the same.
                    try Tensor.append(bytes, to: &value)
                }
                if let group = numbers[value] {
                    groups[group].append(row)
                } else {
                    numbers[value] = groups.count
                    groups.append([row])
                }
            }
            guard groups.count > 1 else { return try await execute(inputs, context) }
            var parts: [NamedTensors] = []
            for rows in groups {
                var part = NamedTensors()
                for (name, tensor) in inputs { part.append(try tensor.rows(rows), name: name) }
                parts.append(try await execute(part, context))
            }
            if let padder { parts = try padder.pad(parts) }
            return try merge(parts, groups: groups, batchSize: batchSize)
        }
    }

    private static func merge(_ parts: [NamedTensors], groups: [[Int]], batchSize: Int) throws(InferenceError) -> NamedTensors {
        // The place of each row among the concatenated parts.
        var places = Array(repeating: 0, count: batchSize)
        for (place, row) in groups.joined().enumerated() { places[row] = place }
        var merged = NamedTensors()
        for name in parts[0].names {
            var tensors: [Tensor] = []
            for (part, rows) in zip(parts, groups) {
                guard part.count == parts[0].count, let tensor = part[name] else {
                    throw InferenceError(.internal, "the groups gave different outputs: \(parts[0].names) and \(part.names)")
                }
                guard tensor.shape.first == rows.count else {
                    throw InferenceError(
                        .internal,
                        "Received output tensors with different batch sizes: \(name): \(Tensor.text(of: tensor.shape)). Expected batch size: \(rows.count). "
                    )
                }
                tensors.append(tensor)
            }
            do {
                merged.append(try Tensor.concatenated(tensors).rows(places), name: name)
            } catch {
                throw InferenceError(.internal, "output '\(name)' of the groups: \(error.message); a padder brings them to one shape")
            }
        }
        return merged
    }
}

/// Brings the outputs of groups to one shape by adding a constant at their ends: PyTriton's `ConstantPadder`.
public struct ConstantPadder: Hashable, Sendable {
    /// Numbers are padded with it, BYTES with empty texts.
    public var padValue: Double

    public init(padValue: Double = 0) { self.padValue = padValue }

    /// The parts with each tensor as long as the longest of its name, on each axis but the first.
    ///
    /// - Throws: `internal` when tensors of one name differ in element type or number of axes.
    public func pad(_ parts: [NamedTensors]) throws(InferenceError) -> [NamedTensors] {
        var padded = parts
        for name in Set(parts.flatMap(\.names)) {
            let tensors = parts.compactMap { $0[name] }
            guard let first = tensors.first else { continue }
            var target = Array(first.shape.dropFirst())
            for tensor in tensors {
                guard tensor.dataType == first.dataType else {
                    throw InferenceError(
                        .internal,
                        "All input arrays for given input name must have the same dtype, but of '\(name)' there are \(first.dataType) and \(tensor.dataType)"
                    )
                }
                guard tensor.shape.count == first.shape.count else {
                    throw InferenceError(
                        .internal,
                        "'\(name)' cannot be padded: there are shapes \(Tensor.text(of: first.shape)) and \(Tensor.text(of: tensor.shape))"
                    )
                }
                target = zip(target, tensor.shape.dropFirst()).map { max($0, $1) }
            }
            let element: [UInt8] = first.dataType == .bytes ? [0, 0, 0, 0] : try Tensor([padValue]).converted(to: first.dataType).storage
            for index in padded.indices {
                if let tensor = padded[index][name] { padded[index][name] = try tensor.padded(toRowShape: target, with: element) }
            }
        }
        return padded
    }
}
