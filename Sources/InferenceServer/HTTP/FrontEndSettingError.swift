/// A setting of a front end that cannot be used; the text says which, and what was expected.
public struct FrontEndSettingError: Error, Hashable, Sendable, CustomStringConvertible {
    public let description: String

    init(_ description: String) { self.description = description }
}
