internal import COpenVINO
internal import Inference

/// A model that OpenVINO has read, not compiled yet. Used by one thread at a time.
final class OpenVINOModel {
    /// An input or output.
    struct Port {
        var name: String
        /// `nil` for an element type that no protocol has.
        var dataType: DataType?
        /// -1 for an axis of any size; `nil` when even the number of axes is open.
        var shape: [Int]?
    }

    let runtime: OpenVINORuntime.Loaded
    let handle: OpenVINOLibrary.Handle

    private var library: OpenVINOLibrary { runtime.library }

    /// Reads a file, or a folder in TensorFlow's format.
    init(path: String, runtime: OpenVINORuntime.Loaded) throws(InferenceError) {
        self.runtime = runtime
        var model: OpenVINOLibrary.Handle?
        let library = runtime.library
        try library.check(library.readModel(runtime.core, path, nil, &model), "cannot read the model '\(path)'", code: .invalidArgument)
        guard let model else { throw InferenceError(.internal, "OpenVINO read no model from '\(path)'") }
        handle = model
    }

    deinit { runtime.library.freeModel(handle) }

    func inputs() throws(InferenceError) -> [Port] {
        try ports(count: library.modelInputCount, port: library.modelInput, fallback: "INPUT__")
    }

    func outputs() throws(InferenceError) -> [Port] {
        try ports(count: library.modelOutputCount, port: library.modelOutput, fallback: "OUTPUT__")
    }

    /// - Parameter fallback: with its number the name of a port that has none.
    private func ports(
        count: (OpenVINOLibrary.Handle, UnsafeMutablePointer<Int>) -> nt_ov_status,
        port: (OpenVINOLibrary.Handle, Int, OpenVINOLibrary.Out) -> nt_ov_status,
        fallback: String
    ) throws(InferenceError) -> [Port] {
        var number = 0
        try library.check(count(handle, &number), "cannot count the model's inputs and outputs")
        var ports: [Port] = []
        for index in 0..<number {
            var found: OpenVINOLibrary.Handle?
            try library.check(port(handle, index, &found), "cannot look at input or output \(index) of the model")
            guard let found else { continue }
            defer { library.freePort(found) }
            ports.append(try describe(found, fallback: fallback + String(index)))
        }
        return ports
    }

    private func describe(_ port: OpenVINOLibrary.Handle, fallback: String) throws(InferenceError) -> Port {
        var type: nt_ov_element_type = 0
        try library.check(library.portElementType(port, &type), "cannot read an element type of the model")
        return Port(name: name(of: port) ?? fallback, dataType: OpenVINOLibrary.dataType(type), shape: try shape(of: port))
    }

    /// `nil` for a port without a name.
    private func name(of port: OpenVINOLibrary.Handle) -> String? {
        var text: UnsafeMutablePointer<CChar>?
        guard library.portName(port, &text) == 0, let text else { return nil }
        defer { library.freeText(text) }
        return String(cString: text)
    }

    private func shape(of port: OpenVINOLibrary.Handle) throws(InferenceError) -> [Int]? {
        var shape = nt_ov_partial_shape()
        try library.check(library.portShape(port, &shape), "cannot read a shape of the model")
        defer { library.freePartialShape(&shape) }
        guard shape.rank.min == shape.rank.max else { return nil }
        return (0..<Int(shape.rank.max)).map { shape.dims[$0].min == shape.dims[$0].max ? Int(shape.dims[$0].max) : -1 }
    }

    /// Opens axis 0 of all inputs, so that the model takes batches.
    func openBatchAxis() throws(InferenceError) {
        let shapes = try inputs().map(\.shape)
        guard shapes.contains(where: { $0?.first.map { $0 != -1 } ?? false }) else { return }
        var indexes: [Int] = []
        var axes: [[nt_ov_dimension]] = []
        for (index, shape) in shapes.enumerated() {
            guard let shape, !shape.isEmpty else { continue }
            indexes.append(index)
            axes.append(([-1] + shape.dropFirst()).map { nt_ov_dimension(min: $0 == -1 ? 0 : Int64($0), max: Int64($0)) })
        }
        var flat = axes.flatMap { $0 }
        let status = flat.withUnsafeMutableBufferPointer { dimensions in
            var start = 0
            let partial = axes.map { axes in
                defer { start += axes.count }
                let rank = nt_ov_dimension(min: Int64(axes.count), max: Int64(axes.count))
                return nt_ov_partial_shape(rank: rank, dims: dimensions.baseAddress.map { $0 + start })
            }
            return library.reshapeModel(handle, indexes, partial, partial.count)
        }
        try library.check(
            status,
            "the model's first axis is fixed and cannot be opened for batches; set max_batch_size to 0 in its configuration",
            code: .invalidArgument
        )
    }

    /// The index of an input of this name, also of one of its further names.
    func inputIndex(named name: String) throws(InferenceError) -> Int? { try index(of: name, in: inputs(), byName: library.modelInputByName) }

    func outputIndex(named name: String) throws(InferenceError) -> Int? { try index(of: name, in: outputs(), byName: library.modelOutputByName) }

    private func index(
        of name: String,
        in ports: [Port],
        byName: (OpenVINOLibrary.Handle, OpenVINOLibrary.Text, OpenVINOLibrary.Out) -> nt_ov_status
    ) throws(InferenceError) -> Int? {
        if let index = ports.firstIndex(where: { $0.name == name }) { return index }
        var port: OpenVINOLibrary.Handle?
        guard byName(handle, name, &port) == 0, let port else { return nil }
        defer { library.freePort(port) }
        guard let first = self.name(of: port) else { return nil }
        return ports.firstIndex { $0.name == first }
    }
}
