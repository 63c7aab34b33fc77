package import GRPCCore

/// Hands a message's bytes over as they are.
package struct RawMessageSerializer: MessageSerializer {
    package init() {}

    package func serialize<Bytes: GRPCContiguousBytes>(_ message: [UInt8]) throws -> Bytes {
        Bytes(message)
    }
}
