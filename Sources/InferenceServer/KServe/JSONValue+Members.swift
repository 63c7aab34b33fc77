internal import Inference
internal import JSONCoding

/// Members of the bodies that control the server; a wrong type is told in Triton's words, `null` counts as absent.
extension JSONValue {
    func string(_ member: String) throws(InferenceError) -> String? {
        guard let value = present(member) else { return nil }
        guard let text = value.stringValue else { throw JSONFailure.bareType("string") }
        return text
    }

    func bool(_ member: String) throws(InferenceError) -> Bool? {
        guard let value = present(member) else { return nil }
        guard let flag = value.boolValue else { throw JSONFailure.bareType("boolean") }
        return flag
    }

    func unsigned(_ member: String) throws(InferenceError) -> Int? {
        guard let value = present(member) else { return nil }
        guard case .number(let text) = value, let number = Int(text), number >= 0 else { throw JSONFailure.bareType("unsigned-integer") }
        return number
    }

    func object(_ member: String) throws(InferenceError) -> JSONObject? {
        guard let value = present(member) else { return nil }
        guard let object = value.objectValue else { throw JSONFailure.bareType("object") }
        return object
    }

    private func present(_ member: String) -> JSONValue? {
        let value = self[member]
        return value == .null ? nil : value
    }
}
