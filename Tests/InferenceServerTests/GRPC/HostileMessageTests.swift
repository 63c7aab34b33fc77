import GRPCCore
import Inference
import ProtobufCoding
import Testing

@testable import InferenceServer

/// Damaged messages: each is read or refused, and nothing else happens.
@Suite struct HostileMessageTests {
    private static let model = ModelDefinition(
        name: "ident",
        inputs: [
            TensorSpecification("X", Float.self, shape: [2]), TensorSpecification(name: "S", dataType: .bytes, shape: [1], isOptional: true),
            TensorSpecification("B", Bool.self, shape: [-1], isOptional: true),
        ],
        outputs: [TensorSpecification("Y", Float.self, shape: [2])],
        maxBatchSize: 8
    )

    /// A message with every field.
    private static let full = RequestMessage.write { writer in
        writer.string(1 << 3 | 2, "ident")
        writer.string(2 << 3 | 2, "1")
        writer.string(3 << 3 | 2, "id")
        for (name, tag) in [("sequence_id", UInt8(2 << 3)), ("sequence_start", 1 << 3), ("priority", 5 << 3), ("timeout", 2 << 3)] {
            let entry = writer.begin(4 << 3 | 2, expecting: 20)
            writer.string(1 << 3 | 2, name)
            let value = writer.begin(2 << 3 | 2, expecting: 2)
            writer.varint(tag, 1)
            writer.end(value)
            writer.end(entry)
        }
        for (name, type, field) in [("X", "FP32", UInt8(6)), ("S", "BYTES", 8), ("B", "BOOL", 1)] {
            let input = writer.begin(5 << 3 | 2, expecting: 40)
            writer.string(1 << 3 | 2, name)
            writer.string(2 << 3 | 2, type)
            writer.varint(3 << 3 | 0, 1)
            writer.varint(3 << 3 | 0, name == "X" ? 2 : 1)
            let contents = writer.begin(5 << 3 | 2, expecting: 10)
            writer.bytes(field << 3 | 2, [UInt8](repeating: 1, count: name == "X" ? 8 : 1))
            writer.end(contents)
            writer.end(input)
        }
        let output = writer.begin(6 << 3 | 2, expecting: 40)
        writer.string(1 << 3 | 2, "Y")
        let entry = writer.begin(2 << 3 | 2, expecting: 20)
        writer.string(1 << 3 | 2, "classification")
        let value = writer.begin(2 << 3 | 2, expecting: 2)
        writer.varint(2 << 3, 2)
        writer.end(value)
        writer.end(entry)
        writer.end(output)
    }

    private enum Outcome { case refused, accepted }

    private func read(_ bytes: [UInt8]) -> Outcome {
        do {
            let message = try bytes.withUnsafeBytes { try InferRequestMessage($0) }
            let reader = InferRequestReader(message: message, model: Self.model, sharedMemory: SharedMemoryRegions())
            let call = try reader.call(Metadata(), forwarding: try MetadataForwarding(nil))
            _ = try Self.model.validate(call.call.request)
            return .accepted
        } catch {
            return .refused
        }
    }

    @Test func theWholeMessageIsAccepted() throws {
        let message = try Self.full.withUnsafeBytes { try InferRequestMessage($0) }
        #expect(message.inputs.map(\.name) == ["X", "S", "B"])
        #expect(message.parameters.map(\.name) == ["sequence_id", "sequence_start", "priority", "timeout"])
        #expect(read(Self.full) == .accepted)
    }

    @Test func everyCutMessageIsReadOrRefused() {
        for end in Self.full.indices { _ = read(Array(Self.full[..<end])) }
        #expect(read(Array(Self.full.dropLast())) == .refused)
    }

    @Test func everyFlippedBitIsReadOrRefused() {
        var refused = 0
        for index in Self.full.indices {
            for bit in 0..<8 {
                var bytes = Self.full
                bytes[index] ^= 1 << bit
                if read(bytes) == .refused { refused += 1 }
            }
        }
        #expect(refused > Self.full.count)
    }

    @Test(arguments: [UInt64(1), 2, 3, 4])
    func randomDamageIsReadOrRefused(seed: UInt64) {
        var generator = SplitMix(state: seed)
        var refused = 0
        for _ in 0..<3000 {
            var bytes = Self.full
            for _ in 0..<Int.random(in: 1...6, using: &generator) {
                guard !bytes.isEmpty else { break }
                let index = Int.random(in: 0..<bytes.count, using: &generator)
                switch Int.random(in: 0...4, using: &generator) {
                case 0: bytes[index] = UInt8.random(in: 0...255, using: &generator)
                case 1: bytes.remove(at: index)
                case 2: bytes.insert(UInt8.random(in: 0...255, using: &generator), at: index)
                case 3: bytes.removeSubrange(index..<min(bytes.count, index + 9))
                default: bytes.insert(contentsOf: Self.full[index % Self.full.count..<min(Self.full.count, index % Self.full.count + 16)], at: index)
                }
            }
            if read(bytes) == .refused { refused += 1 }
        }
        #expect(refused > 1000)
    }

    @Test func manyEmptyInputsAreRefusedBeforeTheyFillTheMemory() {
        let empty: [UInt8] = [0x2a, 0]
        let bytes = Array(repeatElement(empty, count: 200_000).joined())
        #expect(throws: MessageError.self) { try bytes.withUnsafeBytes { try InferRequestMessage($0) } }
    }

    private struct SplitMix: RandomNumberGenerator {
        var state: UInt64

        mutating func next() -> UInt64 {
            state &+= 0x9e37_79b9_7f4a_7c15
            var mixed = state
            mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
            mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
            return mixed ^ (mixed >> 31)
        }
    }
}
