import JSONCoding
import Testing

@testable import Inference

@Suite struct ConfigurationJSONTests {
    @Test func jsonAndTextSayTheSame() throws {
        let text = """
            max_batch_size: 8
            input { name: "A" data_type: TYPE_INT64 dims: [ -1 ] }
            output { name: "B" data_type: TYPE_FP32 dims: [ 3 ] }
            dynamic_batching { preferred_batch_size: 4 default_queue_policy { max_queue_size: 5 } }
            parameters { key: "k" value { string_value: "v" } }
            """
        let json = """
            {"maxBatchSize": "8", "input": [{"name": "A", "data_type": "TYPE_INT64", "dims": ["-1"]}],
             "output": [{"name": "B", "data_type": 11, "dims": [3]}],
             "dynamic_batching": {"preferred_batch_size": [4], "default_queue_policy": {"max_queue_size": 5}},
             "parameters": {"k": {"string_value": "v"}}, "platform": null}
            """
        var left = try ModelConfiguration(text: Array(text.utf8), modelName: "m").definition
        var right = try ModelConfiguration(json: json, modelName: "m").definition
        left.configurationSource = nil
        right.configurationSource = nil
        #expect(left == right)
    }

    @Test(arguments: [
        ("{", "config: is not valid JSON"),
        ("[]", "config: expected an object with the fields of ModelConfig, got a list"),
        (#"{"input": {}}"#, "config.input: expected a list, got an object"),
        (#"{"input": [{"name": 3}]}"#, "config.input[0].name: expected a string, got 3"),
        (#"{"input": [{"dimz": []}]}"#, "config.input[0].dimz: ModelInput has no field 'dimz'. Did you mean 'dims'?"),
        (#"{"parameters": {"k": "v"}}"#, "config.parameters.k: expected an object with the fields of ModelParameter, got \"v\""),
    ])
    func saysWhatIsWrongAndWhere(json: String, message: String) {
        do {
            _ = try ModelConfiguration(json: json, modelName: "m")
            Issue.record("no error")
        } catch {
            #expect("\(error)".contains(message), "\(error)")
        }
    }

    @Test func whatIsOnlyShownComesBack() throws {
        let source = try ModelConfiguration(
            text: Array(#"metric_tags { key: "a" value: "b" } optimization { graph { level: 1 } } model_operations { op_library_filename: "x.so" }"#.utf8),
            modelName: "m"
        ).definition.configurationSource
        #expect(source?.json("metric_tags") == ["a": "b"])
        #expect(source?.json("optimization") == ["graph": ["level": 1]])
        #expect(source?.json("model_operations") == ["op_library_filename": ["x.so"]])
        #expect(source?.json("parameters") == nil)
    }
}
