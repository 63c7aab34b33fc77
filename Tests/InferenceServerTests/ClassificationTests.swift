import Inference
import Testing

@testable import InferenceServer

@Suite struct ClassificationTests {
    private func classes(_ tensor: Tensor, _ count: Int, isBatching: Bool = true, labels: [String] = []) throws -> (shape: [Int], texts: [String]) {
        let result = try Classification.classes(of: tensor, output: "Y", count: count, isBatching: isBatching, labels: labels)
        #expect(result.dataType == .bytes)
        return (result.shape, try result.strings())
    }

    @Test func bestFirstForEachItem() throws {
        let result = try classes(try Tensor([0.25, 4, -1, 9, 0.5, 0.5] as [Float], shape: [2, 3]), 2)
        #expect(result.shape == [2, 2])
        #expect(result.texts == ["4.000000:1", "0.250000:0", "9.000000:0", "0.500000:1"])
    }

    @Test func labelsAreAdded() throws {
        let result = try classes(try Tensor([1, 2, 3] as [Int64], shape: [3]), 9, isBatching: false, labels: ["cat", "dog"])
        #expect(result.shape == [3])
        #expect(result.texts == ["3:2", "2:1:dog", "1:0:cat"])
    }

    @Test func axesBehindTheBatchAreOneListOfClasses() throws {
        let result = try classes(try Tensor([1, 5, 3, 4] as [UInt8], shape: [1, 2, 2]), 1)
        #expect(result.shape == [1, 1])
        #expect(result.texts == ["5:1"])
    }

    @Test func notANumberComesLast() throws {
        let result = try classes(try Tensor([.nan, 1, .infinity, .nan] as [Double], shape: [4]), 4, isBatching: false)
        #expect(result.texts.prefix(2) == ["inf:2", "1.000000:1"])
        #expect(result.texts.count == 4)
    }

    @Test func wholeNumbersKeepAllDigits() throws {
        #expect(try classes(try Tensor([UInt64.max - 1, UInt64.max], shape: [2]), 1, isBatching: false).texts == ["18446744073709551615:1"])
    }

    @Test func whatHasNoOrderIsRefused() throws {
        let error = #expect(throws: InferenceError.self) { try classes(try Tensor(strings: ["a"]), 1, isBatching: false) }
        #expect(error?.message == "class result not available for output 'Y' due to unsupported type 'BYTES'")
        let many = Tensor(uncheckedDataType: .uint8, shape: [1_000_001], storage: [UInt8](repeating: 0, count: 1_000_001))
        #expect(throws: InferenceError.self) { try classes(many, 1, isBatching: false) }
    }

    @Test func askedForByARequest() async throws {
        try await TestServer.run { server in
            let answer = try await server.post(
                "/v2/models/ident/infer",
                #"{"inputs":[{"name":"X","shape":[1,2],"datatype":"FP32","data":[1,2]}],"outputs":[{"name":"Y","parameters":{"classification":2}}]}"#)
            #expect(answer.text == #"{"model_name":"ident","model_version":"1","outputs":[{"name":"Y","datatype":"BYTES","shape":[1,2],"data":["2.000000:1","1.000000:0"]}]}"#)
        }
    }
}
