import Testing

@testable import Inference

@Suite struct ProtobufTextTests {
    private func read(_ text: String) throws -> ModelDefinition {
        try ModelConfiguration(text: Array(text.utf8), modelName: "m").definition
    }

    private func failure(_ text: String) -> String {
        do {
            _ = try read(text)
            return "no error"
        } catch {
            return "\(error)"
        }
    }

    @Test func readsWhatPeopleWrite() throws {
        let definition = try read(#"""
            # A comment, and a second one. # still
            name: "m" platform: 'onnxruntime_onnx'
            max_batch_size: 0x10
            input [
              { name: "A" data_type: TYPE_FP32 dims: [ -1, 4 ] },
              { name: "B" data_type: TYPE_STRING dims: 1 optional: true; reshape: { shape: [ ] } }
            ]
            output: < name: "\103" 'D' data_type: 11, dims: 2 dims: 3 label_filename: "labels.txt" >
            version_policy: { specific: { versions: [1, 3] } }
            instance_group [ { count: 2 kind: KIND_CPU }, { count: 1 } ]
            dynamic_batching {
              preferred_batch_size: [ 4, 8 ] max_queue_delay_microseconds: 100 priority_levels: 2 default_priority_level: 1
              priority_queue_policy { key: 2 value: { timeout_action: DELAY max_queue_size: 7 } }
            }
            parameters { key: "k" value: { string_value: "v\n\x41\u00e9" } }
            parameters [ { key: "l" value { string_value: "" } } ]
            response_cache { enable: True }
            model_transaction_policy { decoupled: false }
            """#)
        #expect(definition.platform == "onnxruntime_onnx")
        #expect(definition.maxBatchSize == 16)
        #expect(definition.inputs.map(\.name) == ["A", "B"])
        #expect(definition.inputs[0].shape == [-1, 4])
        #expect(definition.inputs[1].dataType == .bytes)
        #expect(definition.inputs[1].isOptional)
        #expect(definition.inputs[1].reshape == [])
        #expect(definition.outputs.map(\.name) == ["CD"])
        #expect(definition.outputs[0].shape == [2, 3])
        #expect(definition.outputs[0].dataType == .fp32)
        #expect(definition.versionPolicy == .specific([1, 3]))
        #expect(definition.instanceCount == 3)
        #expect(definition.instanceGroups.map(\.name) == ["m_0", "m_1"])
        #expect(definition.parameters == ["k": "v\nAé", "l": ""])
        #expect(definition.usesResponseCache)
        guard case .dynamic(let batching) = definition.batching else {
            Issue.record("no dynamic batching")
            return
        }
        #expect(batching.preferredBatchSizes == [4, 8])
        #expect(batching.priorityQueuePolicies[2] == QueuePolicy(timeoutAction: .delay, maxQueueSize: 7))
    }

    @Test func readsASequenceBatcher() throws {
        let definition = try read(#"""
            max_batch_size: 2
            sequence_batching {
              max_sequence_idle_microseconds: 5000
              oldest { max_candidate_sequences: 4 }
              control_input [
                { name: "START" control [ { kind: CONTROL_SEQUENCE_START fp32_false_true: [ 0, 1 ] } ] },
                { name: "ID" control [ { kind: CONTROL_SEQUENCE_CORRID data_type: TYPE_UINT64 } ] }
              ]
              state { input_name: "s_in" output_name: "s_out" data_type: TYPE_INT32 dims: 1 }
            }
            """#)
        guard case .sequence(let batching) = definition.batching else {
            Issue.record("no sequence batching")
            return
        }
        #expect(batching.maxSequenceIdleMicroseconds == 5000)
        #expect(batching.controlInputs.map(\.kind) == [.start, .correlationID])
        #expect(batching.controlInputs[0].falseTrue == [0, 1])
        #expect(batching.states.map(\.outputName) == ["s_out"])
        #expect(batching.strategy == .oldest(maxCandidateSequences: 4, preferredBatchSizes: [], maxQueueDelayMicroseconds: 0))
    }

    @Test(arguments: [
        ("max_batch_sise: 3", "config.pbtxt:1:1: ModelConfig has no field 'max_batch_sise'. Did you mean 'max_batch_size'?"),
        ("\n  input { nme: 'A' }", "config.pbtxt:2:11: ModelInput has no field 'nme'. Did you mean 'name'?"),
        ("max_batch_size: 'x'", "config.pbtxt:1:17: expected a whole number from -2147483648 to 2147483647 for 'max_batch_size', got the string \"x\""),
        ("max_batch_size: 99999999999", "config.pbtxt:1:17: expected a whole number from -2147483648 to 2147483647, got 99999999999"),
        ("max_batch_size 3", "config.pbtxt:1:16: expected ':' after 'max_batch_size', got the number 3"),
        ("max_batch_size: 3 max_batch_size: 4", "config.pbtxt:1:19: 'max_batch_size' is given twice; the first is at config.pbtxt:1:1"),
        ("input { name: 'A'", "config.pbtxt:1:18: the text ends, but the ModelInput message of config.pbtxt:1:7 is not closed"),
        ("input { name: 'A\n' }", "config.pbtxt:1:15: the string is not closed on its line; write a line break as \\n"),
        ("input { name: 'A' data_type: TYPE_FP31 dims: 1 }", "config.pbtxt:1:30"),
        ("input { name: 'A' data_type: TYPE_FP32 }", "config.pbtxt:1:7: input 'A' has no dims"),
        ("input { name: 'A' data_type: TYPE_FP32 dims: [1, 0] }", "a dimension is -1 (any size) or at least 1, but one is 0"),
        ("name: 'other'", "config.pbtxt:1:1: the configuration's name 'other' is not that of the model's folder, 'm'"),
        ("dynamic_batching {} sequence_batching {}", "'sequence_batching' and 'dynamic_batching' exclude each other"),
        ("max_batch_size: 2 dynamic_batching { preferred_batch_size: 4 }", "a preferred batch size goes from 1 to max_batch_size (2), but one is 4"),
        ("platform: \"\\q\"", "config.pbtxt:1:12: unknown escape"),
        ("}", "config.pbtxt:1:1: expected the name of a field of ModelConfig, got '}'"),
        ("name: [ 'a' ]", "config.pbtxt:1:7: 'name' takes one value, not a list"),
        ("instance_group { count: 100000 }", "an instance group's count goes from 1 to 1024, but is 100000"),
        ("name: \u{7f}", "config.pbtxt:1:7: unexpected byte 0x7f"),
    ])
    func saysWhatIsWrongAndWhere(text: String, message: String) {
        #expect(failure(text).contains(message), "\(failure(text))")
    }

    @Test func deepNestingIsRefused() {
        let text = String(repeating: "optimization { cuda { graph_spec { graph_lower_bound { input { key: 'a' value { ", count: 40)
        #expect(failure(text).contains("config.pbtxt:1"))
    }

    @Test func tellsWhatIsNotHonoured() throws {
        let configuration = try ModelConfiguration(
            text: Array("instance_group { kind: KIND_GPU gpus: 0 } optimization { cuda { graphs: true } }".utf8),
            modelName: "m"
        )
        #expect(configuration.notices.count == 2)
    }

    /// Neither crashes nor reads forever, whatever comes: pieces of real configurations, put together and damaged.
    @Test func anyTextIsReadOrRefused() {
        var random = SplitMix(seed: 20_261_121)
        let pieces = [
            "name", "input", "dims", "data_type", "TYPE_FP32", ":", "{", "}", "[", "]", "<", ">", ",", ";", "'a'", "\"b\\x4", "\"", "-", "1", "0x1f",
            "1e9", "inf", "true", "#c\n", "\n", "\\", "\u{0}", "é", "dynamic_batching", "parameters", "key", "value", "string_value", "\"\\u00e9\"",
            "ensemble_scheduling", "step", "input_map", "version_policy", "latest", "9223372036854775808", ".5f", "instance_group", "count",
        ]
        var accepted = 0
        for _ in 0..<4_000 {
            var text = ""
            for _ in 0..<random.below(24) { text += pieces[random.below(pieces.count)] + (random.below(4) == 0 ? "" : " ") }
            var bytes = Array(text.utf8)
            if !bytes.isEmpty, random.below(3) == 0 { bytes[random.below(bytes.count)] = UInt8(random.below(256)) }
            if (try? ModelConfiguration(text: bytes, modelName: "m")) != nil { accepted += 1 }
        }
        // Nothing and comments are configurations too.
        #expect(accepted > 0)
    }
}

/// A generator that gives the same numbers each time.
private struct SplitMix {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func below(_ bound: Int) -> Int {
        state &+= 0x9e37_79b9_7f4a_7c15
        var word = (state ^ (state >> 30)) &* 0xbf58_476d_1ce4_e5b9
        word = (word ^ (word >> 27)) &* 0x94d0_49bb_1331_11eb
        return Int((word ^ (word >> 31)) % UInt64(bound))
    }
}
