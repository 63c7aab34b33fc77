import Inference
import Testing

@Suite struct TensorTests {
    @Test func numbersComeBackAsTheyWere() throws {
        let tensor = try Tensor([1.5, -2, 3, 4] as [Float], shape: [2, 2])
        #expect(tensor.dataType == .fp32)
        #expect(tensor.storage.count == 16)
        #expect(tensor.storage[0..<4] == [0, 0, 0xc0, 0x3f])
        #expect(try tensor.values(as: Float.self) == [1.5, -2, 3, 4])
        #expect(try tensor.first(as: Float.self) == 1.5)
    }

    @Test func anotherElementTypeIsRefusedNotTrapped() throws {
        let tensor = try Tensor([1, 2] as [Int32])
        #expect(throws: InferenceError(.invalidArgument, "the tensor holds INT32, but FP32 values were asked for")) {
            try tensor.values(as: Float.self)
        }
        #expect(throws: InferenceError.self) { try tensor.strings() }
        #expect(throws: InferenceError.self) { try Tensor([] as [Int32]).first(as: Int32.self) }
    }

    @Test(arguments: [[-1], [3], [2, 2], [Int.max, 2]])
    func shapeMustFit(shape: [Int]) {
        #expect(throws: InferenceError.self) { try Tensor([1, 2] as [Int32], shape: shape) }
        #expect(throws: InferenceError.self) { try Tensor(dataType: .int32, shape: shape, storage: [1, 0, 0, 0, 2, 0, 0, 0]) }
    }

    @Test func bytesKeepTheirLengths() throws {
        let tensor = try Tensor(strings: ["", "häß"], shape: [2])
        #expect(tensor.storage == [0, 0, 0, 0, 5, 0, 0, 0] + Array("häß".utf8))
        #expect(try tensor.strings() == ["", "häß"])
        #expect(try Tensor(dataType: .bytes, shape: [2], storage: tensor.storage) == tensor)
    }

    @Test(arguments: [[1, 0, 0], [5, 0, 0, 0, 1], [255, 255, 255, 255]] as [[UInt8]])
    func brokenBytesAreRefused(storage: [UInt8]) {
        #expect(throws: InferenceError.self) { try Tensor(dataType: .bytes, shape: [1], storage: storage) }
    }

    @Test func boolsOtherThanZeroAndOneAreRefused() {
        #expect(throws: InferenceError.self) { try Tensor(dataType: .bool, shape: [1], storage: [2]) }
    }

    @Test(arguments: DataType.allCases.filter { $0 != .bytes })
    func smallNumbersSurviveEveryConversion(type: DataType) throws {
        let values: [Double] = type == .bool ? [0, 1] : [0, 1, 100]
        let tensor = try Tensor(values)
        let converted = try tensor.converted(to: type)
        #expect(converted.dataType == type)
        #expect(try converted.converted(to: .fp64).values(as: Double.self) == values)
    }

    @Test func conversionClampsWhatDoesNotFit() throws {
        let tensor = try Tensor([-1, 300, .nan, .infinity] as [Double])
        #expect(try tensor.converted(to: .uint8).values(as: UInt8.self) == [0, 255, 0, 255])
        #expect(try tensor.converted(to: .int64).values(as: Int64.self) == [-1, 300, 0, .max])
    }

    @Test func namesAreUniqueAndOrdered() throws {
        var tensors: NamedTensors = ["b": try Tensor([1] as [Float]), "a": try Tensor([2] as [Float])]
        #expect(tensors.names == ["b", "a"])
        tensors["b"] = try Tensor([3] as [Float])
        #expect(tensors.count == 2)
        #expect(try tensors.require("b").first(as: Float.self) == 3)
        tensors["b"] = nil
        #expect(throws: InferenceError(.invalidArgument, "there is no tensor 'b'; there are [\"a\"]")) { try tensors.require("b") }
    }
}
