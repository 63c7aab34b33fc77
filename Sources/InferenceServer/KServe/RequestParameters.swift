internal import Inference
internal import JSONCoding

/// The parameters of a request while they are read: those that the protocol knows, and what is left for the model.
struct RequestParameters {
    private var values: [String: ParameterValue] = [:]
    private var priority = 0
    private var timeoutMicroseconds: UInt64 = 0
    private var sequenceID: SequencePosition.ID?
    private var isSequenceStart = false
    private var isSequenceEnd = false
    /// `binary_data_output`: outputs are sent as raw bytes unless the request says otherwise for one.
    private(set) var isBinaryByDefault = false

    /// Reads an object of parameters.
    ///
    /// - Throws: Triton's messages for a wrong type and for reserved names.
    mutating func readObject(_ reader: inout JSONReader) throws {
        try reader.beginObject(of: "parameters")
        while let key = try reader.nextKey() { try read(&reader, name: key.string) }
    }

    /// Reads the value of one parameter.
    mutating func read(_ reader: inout JSONReader, name: String) throws {
        switch name {
        case "priority": priority = try reader.readUnsigned(of: name)
        case "timeout": timeoutMicroseconds = UInt64(try reader.readUnsigned(of: name))
        case "sequence_id": try readSequenceID(&reader)
        case "sequence_start": isSequenceStart = try reader.readBool(of: name)
        case "sequence_end": isSequenceEnd = try reader.readBool(of: name)
        case "binary_data_output": isBinaryByDefault = try reader.readBool(of: name)
        default:
            guard !name.hasPrefix("triton_") else { throw JSONFailure.reservedParameter }
            values[name] = try reader.readParameter(name)
        }
    }

    /// 0 and the empty text stand for "no sequence", as clients send them by default.
    private mutating func readSequenceID(_ reader: inout JSONReader) throws {
        switch try reader.peek() {
        case .number:
            let failure = JSONFailure.wrongType("sequence_id", expected: "unsigned-integer")
            do {
                let number = try reader.readDigits()
                sequenceID = number == 0 ? nil : .number(number)
            } catch {
                throw error.isAboutValue ? failure as any Error : error
            }
        case .string:
            let text = try reader.readString()
            sequenceID = text.isEmpty ? nil : .text(text)
        default:
            throw JSONFailure.wrongType("sequence_id", expected: "string")
        }
    }

    /// Puts them on the request.
    func apply(to request: inout UncheckedRequest) {
        request.parameters = values
        request.priority = priority
        request.timeoutMicroseconds = timeoutMicroseconds
        request.sequence = sequenceID.map { SequencePosition(id: $0, isStart: isSequenceStart, isEnd: isSequenceEnd) }
    }
}
