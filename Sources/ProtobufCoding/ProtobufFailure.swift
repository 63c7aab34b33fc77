/// What a reader of protobuf messages throws when bytes break the rules of the encoding.
package protocol ProtobufFailure: Error {
    /// Whose messages are read, for explanations.
    associatedtype Schema: Sendable

    /// - Parameters:
    ///   - found: what is wrong, for example "a varint of more than ten bytes".
    ///   - offset: where, in bytes from the start of the message.
    init(malformedProtobuf found: String, at offset: Int, schema: Schema)
}
