/// Checks of a request against the model's declaration, with Triton's messages word for word.
extension ModelDefinition {
    /// Checks names, element types, shapes and batch size.
    ///
    /// - Returns: the request's batch size.
    /// - Throws: `invalidArgument` that names the input, what was expected and what came.
    package func validate(_ request: UncheckedRequest) throws(InferenceError) -> Int {
        for name in request.inputs.names where input(named: name) == nil {
            throw InferenceError(.invalidArgument, "unexpected inference input '\(name)' for model '\(self.name)'")
        }
        for name in request.requestedOutputs where output(named: name) == nil {
            throw InferenceError(.invalidArgument, "unexpected inference output '\(name)' for model '\(self.name)'")
        }
        // Every input that came is declared and comes once, so all are there when the counts are equal.
        if request.inputs.count < inputs.count { try checkRequiredInputs(request) }
        var batchSize: Int?
        for index in 0..<request.inputs.count {
            let (name, tensor) = request.inputs[index]
            guard let specification = input(named: name) else { continue }
            try check(tensor, against: specification, request: request)
            if isBatching {
                let size = tensor.shape[0]
                if let expected = batchSize, expected != size {
                    throw InferenceError(
                        .invalidArgument,
                        "\(prefix(request))input '\(name)' batch size does not match other inputs for '\(self.name)'"
                    )
                }
                batchSize = size
            }
        }
        let size = batchSize ?? 1
        if isBatching, size > maxBatchSize {
            throw InferenceError(.invalidArgument, "\(prefix(request))inference request batch-size must be <= \(maxBatchSize) for '\(name)'")
        }
        return size
    }

    private func checkRequiredInputs(_ request: UncheckedRequest) throws(InferenceError) {
        let missing = inputs.filter { !$0.isOptional && request.inputs[$0.name] == nil }.map { "'\($0.name)'" }
        guard !missing.isEmpty else { return }
        let required = inputs.count { !$0.isOptional }
        let expected = required == inputs.count ? "\(required) inputs" : "number of inputs between \(required) and \(inputs.count)"
        let got = request.inputs.names.map { "'\($0)'" }.joined(separator: ",")
        throw InferenceError(
            .invalidArgument,
            """
            \(prefix(request))expected \(expected) but got \(request.inputs.count) inputs for model '\(name)'. \
            Got input(s) [\(got)], but missing required input(s) [\(missing.joined(separator: ","))]. Please provide all required input(s).
            """
        )
    }

    private func check(_ tensor: Tensor, against specification: TensorSpecification, request: UncheckedRequest) throws(InferenceError) {
        guard tensor.dataType == specification.dataType else {
            throw InferenceError(
                .invalidArgument,
                "\(prefix(request))inference input '\(specification.name)' data-type is '\(tensor.dataType)', but model '\(name)' expects '\(specification.dataType)'"
            )
        }
        guard specification.accepts(tensor.shape, batching: isBatching) else {
            let expected = Tensor.text(of: specification.fullShape(batching: isBatching))
            let note = isBatching ? " " + Self.batchingNote : ""
            throw InferenceError(
                .invalidArgument,
                "\(prefix(request))unexpected shape for input '\(specification.name)' for model '\(name)'. Expected \(expected), got \(Tensor.text(of: tensor.shape)).\(note)"
            )
        }
        try checkByteSize(tensor, input: specification.name, request: request)
    }

    /// A front end takes binary tensors as they come; here their size is held against the shape.
    private func checkByteSize(_ tensor: Tensor, input: String, request: UncheckedRequest) throws(InferenceError) {
        // A batch axis of 0 counts as 1, so that an empty batch is refused.
        let shape = isBatching && tensor.shape[0] == 0 ? [1] + tensor.shape.dropFirst() : tensor.shape
        let count = try Tensor.checkedElementCount(of: shape)
        if let width = tensor.dataType.byteWidth {
            let (expected, overflow) = count.multipliedReportingOverflow(by: width)
            guard !overflow, expected == tensor.storage.count else {
                throw InferenceError(
                    .invalidArgument,
                    "\(prefix(request))input byte size mismatch for input '\(input)' for model '\(name)'. Expected \(expected), got \(tensor.storage.count)"
                )
            }
        } else {
            let found = try Tensor.elementRanges(ofBytes: tensor.storage).count
            guard found == count else {
                throw InferenceError(
                    .invalidArgument,
                    "\(prefix(request))expected \(count) string elements for inference input '\(input)' for model '\(name)', got \(found)"
                )
            }
        }
    }

    private static let batchingNote = """
        NOTE: Setting a non-zero max_batch_size in the model config requires a batch dimension to be prepended to each input shape. \
        If you want to specify the full shape including the batch dim in your input dims config, try setting max_batch_size to zero. \
        See the model configuration docs for more info on max_batch_size.
        """

    /// `[request id: req-42] `, as many of Triton's messages begin.
    package func prefix(_ request: UncheckedRequest) -> String {
        "[request id: \(request.id.isEmpty ? "<id_unknown>" : request.id)] "
    }
}
