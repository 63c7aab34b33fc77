internal import Inference
internal import JSONCoding

/// Triton's words for JSON that is broken or holds the wrong type.
enum JSONFailure {
    /// The text is no JSON.
    static func malformed(_ error: JSONError) -> InferenceError {
        let text: String
        if error.offset == 0, error.code == .unexpectedEnd {
            text = "The document is empty."
        } else if error.code == .unexpectedEnd || error.message.hasSuffix("expected a value") {
            text = "Invalid value."
        } else {
            text = "\(error.message)."
        }
        return InferenceError(.internal, "failed to parse the request JSON buffer: \(text) at \(error.offset)")
    }

    /// A member is missing.
    static func missing(_ member: String) -> InferenceError {
        InferenceError(.internal, "Unable to parse '\(member)': attempt to access non-existing object member '\(member)'")
    }

    /// A value is not of the type that was expected: `wrongType("id", expected: "string")`.
    static func wrongType(_ member: String, expected: String) -> InferenceError {
        InferenceError(.internal, "Unable to parse '\(member)': attempt to access JSON non-\(expected) as \(expected == "number" ? "double" : expected)")
    }

    /// The same where Triton does not name the member.
    static func bareType(_ expected: String) -> InferenceError {
        InferenceError(.internal, "attempt to access JSON non-\(expected) as \(expected)")
    }

    /// A request parameter that is neither text, number nor boolean.
    static func parameterType(_ name: String) -> InferenceError {
        InferenceError(.invalidArgument, "parameter '\(name)' has invalid type. It should be either 'int', 'bool', or 'string'.")
    }

    static let reservedParameter = InferenceError(
        .invalidArgument,
        "parameter keys starting with 'triton_' are reserved for Triton usage and should not be specified."
    )

    static let dataCount = InferenceError(.internal, "Unable to parse 'data': Shape does not match true shape of 'data' field")

    /// Runs a reading body and gives its failures Triton's words.
    static func translating<R>(_ body: () throws -> R) throws(InferenceError) -> R {
        do {
            return try body()
        } catch let error as InferenceError {
            throw error
        } catch let error as JSONError {
            throw malformed(error)
        } catch {
            throw InferenceError(.internal, "\(error)")
        }
    }
}

extension JSONError {
    /// The text is JSON, but not the value that was asked for.
    var isAboutValue: Bool { code == .typeMismatch || code == .outOfRange }
}

extension JSONReader {
    /// Reads text, or fails with the member's name.
    mutating func readString(of member: String) throws -> String {
        guard try peek() == .string else { throw JSONFailure.wrongType(member, expected: "string") }
        return try readString()
    }

    /// Reads a whole number that is not negative, or fails with the member's name.
    mutating func readUnsigned(of member: String) throws -> Int {
        let failure = JSONFailure.wrongType(member, expected: "unsigned-integer")
        guard try peek() == .number else { throw failure }
        let value: UInt64
        do {
            value = try readDigits()
        } catch {
            throw error.isAboutValue ? failure as any Error : error
        }
        guard let number = Int(exactly: value) else { throw failure }
        return number
    }

    /// Reads a boolean, or fails with the member's name.
    mutating func readBool(of member: String) throws -> Bool {
        guard try peek() == .bool else { throw JSONFailure.wrongType(member, expected: "boolean") }
        return try readBool()
    }

    /// Begins an object, or fails with the member's name.
    mutating func beginObject(of member: String) throws {
        guard try peek() == .object else { throw JSONFailure.wrongType(member, expected: "object") }
        try beginObject()
    }

    /// Reads a parameter's value, or fails with its name.
    mutating func readParameter(_ name: String) throws -> ParameterValue {
        switch try peek() {
        case .string: return .string(try readString())
        case .bool: return .bool(try readBool())
        case .number:
            let text = try readNumberText()
            if let number = Int64(text) { return .int(number) }
            guard let number = Double(text) else { throw JSONFailure.parameterType(name) }
            return .double(number)
        case .object, .array, .null: throw JSONFailure.parameterType(name)
        }
    }
}
