import Testing
import TraceWire

@Suite("The details of a gRPC status")
struct RPCStatusDetailsTests {
    private func field(_ tag: UInt8, _ bytes: [UInt8]) -> [UInt8] { [tag, UInt8(bytes.count)] + bytes }

    private func details(type: String = "type.googleapis.com/google.rpc.RetryInfo", _ value: [UInt8]?) -> [UInt8] {
        field(0x1a, field(0x0a, Array(type.utf8)) + (value.map { field(0x12, $0) } ?? []))
    }

    @Test("A delay in seconds and nanoseconds, whatever stands around it")
    func delay() {
        let status: [UInt8] = [0x08, 8] + field(0x12, Array("full".utf8))
        let other = details(type: "type.googleapis.com/google.rpc.Help", [1, 2, 3])
        let info = field(0x0a, [0x08, 2, 0x10, 0x80, 0xca, 0xb5, 0xee, 0x01])
        #expect(RPCStatusDetails.retryInfo(in: status + other + details(info))?.delay == .milliseconds(2500))
    }

    @Test("Without a delay it is there all the same", arguments: [nil, []] as [[UInt8]?])
    func noDelay(value: [UInt8]?) {
        #expect(RPCStatusDetails.retryInfo(in: details(value)) == RPCStatusDetails.RetryInfo(delay: nil))
    }

    @Test("Delays out of range are brought into it")
    func extremes() {
        let negative = field(0x0a, [0x08] + Array(repeating: 0xff, count: 9) + [0x01])
        #expect(RPCStatusDetails.retryInfo(in: details(negative))?.delay == .zero)
        let endless = field(0x0a, [0x08] + Array(repeating: 0xff, count: 8) + [0x7f])
        #expect(RPCStatusDetails.retryInfo(in: details(endless))?.delay == RPCStatusDetails.maximumDelay)
    }

    @Test("No such detail, no bytes, broken bytes", arguments: [
        [], [0x08, 8], [0x1a, 200, 1], [0xff], [0x1a, 2, 0x12, 0x7f],
    ] as [[UInt8]])
    func none(bytes: [UInt8]) {
        #expect(RPCStatusDetails.retryInfo(in: bytes) == nil)
    }
}
