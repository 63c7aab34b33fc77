internal import GRPCCore
internal import Inference
internal import NeedletailTracing

/// A `ModelInferRequest` that arrived.
struct ReceivedRequest: Sendable {
    /// Of the message's arrival; a unary call has those of its own.
    var timestamps: RequestTimestamps
    var message: Result<InferRequestMessage, InferenceError>
}

/// Decodes a message as far as it can be read: what is wrong is answered by the service, not by the transport.
struct InferRequestDeserializer: MessageDeserializer {
    var maximumSize: Int

    func deserialize<Bytes: GRPCContiguousBytes>(_ serializedMessageBytes: Bytes) throws -> ReceivedRequest {
        var timestamps = RequestTimestamps.now()
        let message = decode(serializedMessageBytes)
        timestamps.receiveEnd = MonotonicClock.now()
        return ReceivedRequest(timestamps: timestamps, message: message)
    }

    private func decode(_ bytes: some GRPCContiguousBytes) -> Result<InferRequestMessage, InferenceError> {
        if bytes.count > maximumSize { return .failure(.messageTooLarge(bytes.count, limit: maximumSize)) }
        return bytes.withUnsafeBytes { bytes in
            do throws(MessageError) {
                return .success(try InferRequestMessage(bytes))
            } catch {
                return .failure(error.inferenceError)
            }
        }
    }
}

/// Takes the bytes of a message, for the methods whose messages are small.
struct ByteDeserializer: MessageDeserializer {
    var maximumSize: Int

    func deserialize<Bytes: GRPCContiguousBytes>(_ serializedMessageBytes: Bytes) throws -> Result<[UInt8], InferenceError> {
        let count = serializedMessageBytes.count
        if count > maximumSize { return .failure(.messageTooLarge(count, limit: maximumSize)) }
        return .success(serializedMessageBytes.withUnsafeBytes { Array($0) })
    }
}

extension InferenceError {
    static func messageTooLarge(_ size: Int, limit: Int) -> InferenceError {
        InferenceError(.payloadTooLarge, "the message has \(size) bytes, the limit is \(limit) (maxMessageSize)")
    }
}
