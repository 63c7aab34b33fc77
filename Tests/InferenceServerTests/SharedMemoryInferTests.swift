import Inference
import Testing

#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// Inputs and outputs that lie in a client's shared memory.
@Suite struct SharedMemoryInferTests {
    /// Runs a server with the region `r` of 32 bytes; its first values are 5 and 6.
    private func run(_ body: @Sendable (TestServer, Int32) async throws -> Void) async throws {
        let key = "/needletail-infer-\(getpid())-\(UInt32.random(in: 0 ... .max))"
        let descriptor = shm_open(key, O_CREAT | O_RDWR, 0o600)
        defer {
            close(descriptor)
            shm_unlink(key)
        }
        try #require(ftruncate(descriptor, 32) == 0)
        let values: [Float] = [5, 6]
        try #require(pwrite(descriptor, values, 8, 0) == 8)
        try await TestServer.run { server in
            try #require(try await server.post("/v2/systemsharedmemory/region/r/register", #"{"key":"\#(key)","byte_size":32}"#).status == 200)
            try await body(server, descriptor)
        }
    }

    private static func body(input: String, output: String? = nil) -> String {
        let outputs = output.map { #","outputs":[{"name":"Y","parameters":{\#($0)}}]"# } ?? ""
        return #"{"inputs":[{"name":"X","shape":[1,2],"datatype":"FP32","parameters":{\#(input)}}]\#(outputs)}"#
    }

    private static let input = #""shared_memory_region":"r","shared_memory_byte_size":8"#

    @Test func inputAndOutput() async throws {
        try await run { server, descriptor in
            let output = #""shared_memory_offset":16,"shared_memory_byte_size":8,"shared_memory_region":"r""#
            let answer = try await server.post("/v2/models/ident/infer", Self.body(input: Self.input, output: output))
            #expect(answer.text == #"{"model_name":"ident","model_version":"1","outputs":[{"name":"Y","datatype":"FP32","shape":[1,2]}]}"#)
            var values: [Float] = [0, 0]
            #expect(pread(descriptor, &values, 8, 16) == 8)
            #expect(values == [5, 6])
            let plain = try await server.post("/v2/models/ident/infer", Self.body(input: Self.input))
            #expect(plain.text.contains(#""data":[5.0,6.0]"#))
        }
    }

    @Test(arguments: [
        (#""shared_memory_region":"zz","shared_memory_byte_size":8"#, nil, 404, "Unable to find shared memory region: 'zz'"),
        (#""shared_memory_region":"r","shared_memory_byte_size":64"#, nil, 400, "Invalid offset + byte size for shared memory region: 'r'"),
        (#""shared_memory_region":"r","shared_memory_offset":33"#, nil, 400, "Invalid offset for shared memory region: 'r'"),
        (#""shared_memory_region":"r""#, nil, 400, "[request id: <id_unknown>] input byte size mismatch for input 'X' for model 'ident'. Expected 8, got 0"),
        (#""shared_memory_region":7"#, nil, 500, "Unable to parse 'shared_memory_region': attempt to access JSON non-string as string"),
        (
            #""shared_memory_region":"r","shared_memory_byte_size":8,"binary_data_size":8"#, nil, 400,
            "Input must set only one of the following fields: 'data', 'binary_data_size' in 'parameters', 'shared_memory_region' in 'parameters'. But set 'binary_data_size' 'shared_memory_region'"
        ),
        (input, #""shared_memory_region":"zz","shared_memory_byte_size":8"#, 404, "Unable to find shared memory region: 'zz'"),
        (
            input, #""shared_memory_region":"r","shared_memory_byte_size":4"#, 500,
            "shared memory size specified with the request for output 'Y' (4 bytes) should be at least 8 bytes to hold the results"
        ),
        (input, #""shared_memory_region":"r","classification":1"#, 400, "Output can't set both 'shared_memory_region' and 'classification'"),
        (input, #""shared_memory_region":"r","binary_data":true"#, 400, "Output can't set both 'shared_memory_region' and 'binary_data'"),
    ] as [(String, String?, Int, String)])
    func wrongPlaces(input: String, output: String?, status: Int, message: String) async throws {
        try await run { server, _ in
            let answer = try await server.post("/v2/models/ident/infer", Self.body(input: input, output: output))
            #expect(answer.status == status)
            #expect(answer.error?.hasPrefix(message) == true, "\(answer.text)")
        }
    }

    @Test func anObjectThatShrinksIsAnError() async throws {
        try await run { server, descriptor in
            try #require(ftruncate(descriptor, 0) == 0)
            let answer = try await server.post("/v2/models/ident/infer", Self.body(input: Self.input))
            #expect(answer.status == 400)
            #expect(answer.error?.contains("was made smaller") == true)
            #expect(try await server.get("/v2/health/live").status == 200)
        }
    }
}
