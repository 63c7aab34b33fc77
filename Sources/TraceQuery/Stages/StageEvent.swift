/// The events in which an inference server tells its stages; the names are those of Triton's OpenTelemetry mode.
enum StageEvent {
    case receiveStart, receiveEnd
    case sendStart, sendEnd
    case requestStart, queueStart, requestEnd
    case computeStart, computeInputEnd, computeOutputStart, computeEnd
    /// gRPC's wait for a message, idle time included: marks a request, never counts as receiving.
    case waitRead

    init?(_ name: String) {
        // Most events are no stage events; one byte tells for most of them.
        switch name.utf8.first {
        case UInt8(ascii: "H"), UInt8(ascii: "G"), UInt8(ascii: "R"), UInt8(ascii: "Q"), UInt8(ascii: "C"): break
        default: return nil
        }
        switch name {
        case "HTTP_RECV_START": self = .receiveStart
        case "HTTP_RECV_END": self = .receiveEnd
        case "HTTP_SEND_START", "GRPC_SEND_START": self = .sendStart
        case "HTTP_SEND_END", "GRPC_SEND_END": self = .sendEnd
        case "GRPC_WAITREAD_START", "GRPC_WAITREAD_END": self = .waitRead
        case "REQUEST_START": self = .requestStart
        case "QUEUE_START": self = .queueStart
        case "REQUEST_END": self = .requestEnd
        case "COMPUTE_START": self = .computeStart
        case "COMPUTE_INPUT_END": self = .computeInputEnd
        case "COMPUTE_OUTPUT_START": self = .computeOutputStart
        case "COMPUTE_END": self = .computeEnd
        default: return nil
        }
    }
}
