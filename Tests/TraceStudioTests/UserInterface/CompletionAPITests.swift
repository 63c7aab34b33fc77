import JSONCoding
import Testing
import TraceModel
import TraceQuery

@testable import TraceStudio

@Suite("Completion", .timeLimit(.minutes(20)))
struct CompletionAPITests {
    @Test("completion of keys and values")
    func completion() async throws {
        try await Studio.run(load) { (studio) async throws in
            let keys = try await studio.json("/api/ui/keys?prefix=tri")
            #expect(keys["keys"]?.arrayValue?.compactMap { $0["key"]?.stringValue }.sorted() == ["triton.model_name", "triton.model_version", "triton.trace_id"])
            let hosts = try await studio.json("/api/ui/values?key=host")
            #expect(hosts["values"]?.arrayValue?.compactMap { $0["n"]?.intValue } == [20, 20, 20])
            let models = try await studio.json("/api/ui/values?key=triton.model_name&prefix=M")
            #expect(models["values"]?[0]?["value"]?.stringValue == "m")
            #expect(models["values"]?[0]?["n"]?.intValue == 60)
            #expect(keys["keys"]?.arrayValue?.compactMap { $0["n"]?.intValue } == [60, 60])
            #expect(try await studio.json("/api/ui/values?key=status")["values"]?[0]?["n"]?.intValue == 60)
            #expect(try await studio.json("/api/ui/values?key=host&q=infer%3E20ms")["values"]?.arrayValue?.count == 1)
        }
    }

    @Test("completion of TraceQL: fields, names and values with how many traces have them")
    func completesTraceQL() async throws {
        try await Studio.run(load) { (studio) async throws in
            func offers(_ text: String) async throws -> [String] {
                let encoded = text.utf8.map { "%" + (String($0, radix: 16).count == 1 ? "0" : "") + String($0, radix: 16) }.joined()
                let items = try await studio.json("/api/ui/complete?text=\(encoded)")["items"]?.arrayValue ?? []
                return items.compactMap { item in item["insert"]?.stringValue.map { $0 + (item["n"]?.intValue.map(String.init) ?? "") } }
            }
            #expect(try await offers("").first == "{ ")
            #expect(try await offers("{ ").prefix(3) == ["name ", "status ", "duration "])
            #expect(try await offers("{ resource.ho") == ["host.name 60"])
            #expect(try await offers("{ model_n") == ["span.triton.model_name 60"])
            #expect(try await offers("{ span.triton.model_name = \"") == ["\"m\" 60"])
            #expect(try await offers("{ resource.host.name = sl") == ["\"slow\" 20"])
            #expect(try await offers("{ resource.host.name =~ sl") == ["\"slow\" 20"])
            #expect(try await offers("{ .triton.model_na") == ["triton.model_name 60"])
            #expect(try await offers("{ triton.model_na") == ["span.triton.model_name 60"])
            #expect(try await offers("{ host.na") == ["resource.host.name 60"])
            #expect(try await offers("{ host.name ").first == ".host.name = ")
            #expect(try await offers("{ host.name = sl") == [".host.name = \"slow\" 20"])
            #expect(try await offers("{ kind = ser") == ["server "])
            #expect(try await offers("{ span.triton.model_version =~ ").isEmpty)
            #expect(try await offers("{ name = ") == ["\"InferRequest\" 60", "\"compute\" 60", "\"m\" 60"])
            #expect(try await offers("{ rootServiceName = ") == ["\"triton\" 60"])
            #expect(try await offers("{ span.triton.model_version = ") == ["1 60"])
            #expect(try await offers("{ status = error ") == ["&& ", "|| ", "} "])
        }
    }
}
