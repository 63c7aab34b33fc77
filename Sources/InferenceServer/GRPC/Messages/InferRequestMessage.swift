internal import ProtobufCoding

/// `ModelInferRequest { 1 model_name string, 2 model_version string, 3 id string, 4 parameters map<string, InferParameter>,
/// 5 inputs repeated InferInputTensor, 6 outputs repeated InferRequestedOutputTensor, 7 raw_input_contents repeated bytes }`
struct InferRequestMessage: Sendable {
    /// `InferInputTensor { 1 name string, 2 datatype string, 3 shape repeated int64, 4 parameters map, 5 contents InferTensorContents }`
    struct Input: Sendable {
        var name = ""
        var dataTypeName = ""
        var shape: [Int] = []
        var parameters: InferParameters = []
        var contents: InferTensorContents?
    }

    /// `InferRequestedOutputTensor { 1 name string, 2 parameters map }`
    struct Output: Sendable {
        var name = ""
        var parameters: InferParameters = []
    }

    var modelName = ""
    var modelVersion = ""
    var id = ""
    var parameters: InferParameters = []
    var inputs: [Input] = []
    var outputs: [Output] = []
    var rawContents: [[UInt8]] = []

    /// Inputs, outputs, parameters and axes of one request, together: each takes two bytes of a message and some hundred of memory.
    static let maximumElements = 65_536

    init() {}

    /// Reads a message.
    ///
    /// - Throws: what is wrong with the bytes, or that there are too many elements.
    init(_ bytes: UnsafeRawBufferPointer) throws(MessageError) {
        var budget = Self.maximumElements
        try MessageCursor.read(bytes, "ModelInferRequest") { (cursor, tag) throws(MessageError) in
            switch tag {
            case 1 << 3 | 2: modelName = try cursor.text()
            case 2 << 3 | 2: modelVersion = try cursor.text()
            case 3 << 3 | 2: id = try cursor.text()
            case 4 << 3 | 2:
                try Self.take(&budget)
                try parameters.readEntry(&cursor)
            case 5 << 3 | 2:
                try Self.take(&budget)
                inputs.append(try Self.input(&cursor, &budget))
            case 6 << 3 | 2:
                try Self.take(&budget)
                outputs.append(try Self.output(&cursor, &budget))
            case 7 << 3 | 2:
                try Self.take(&budget)
                rawContents.append(Array(try cursor.bytes()))
            default: try cursor.skip(tag)
            }
        }
    }

    private static func take(_ budget: inout Int) throws(MessageError) {
        guard budget > 0 else {
            throw MessageError("the request has more than \(maximumElements) inputs, outputs, parameters and axes together")
        }
        budget -= 1
    }

    private static func input(_ cursor: inout MessageCursor, _ budget: inout Int) throws(MessageError) -> Input {
        var input = Input()
        try cursor.message { (cursor, tag) throws(MessageError) in
            switch tag {
            case 1 << 3 | 2: input.name = try cursor.text()
            case 2 << 3 | 2: input.dataTypeName = try cursor.text()
            case 3 << 3 | 0, 3 << 3 | 2:
                try cursor.repeated(tag) { (cursor) throws(MessageError) in
                    try take(&budget)
                    input.shape.append(Int(try cursor.int64()))
                }
            case 4 << 3 | 2:
                try take(&budget)
                try input.parameters.readEntry(&cursor)
            case 5 << 3 | 2:
                // A message that comes twice is merged.
                var contents = input.contents ?? InferTensorContents()
                input.contents = nil
                try cursor.message { (cursor, tag) throws(MessageError) in try contents.read(&cursor, tag) }
                input.contents = contents
            default: try cursor.skip(tag)
            }
        }
        return input
    }

    private static func output(_ cursor: inout MessageCursor, _ budget: inout Int) throws(MessageError) -> Output {
        var output = Output()
        try cursor.message { (cursor, tag) throws(MessageError) in
            switch tag {
            case 1 << 3 | 2: output.name = try cursor.text()
            case 2 << 3 | 2:
                try take(&budget)
                try output.parameters.readEntry(&cursor)
            default: try cursor.skip(tag)
            }
        }
        return output
    }
}
