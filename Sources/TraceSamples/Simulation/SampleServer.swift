internal import TraceModel

/// An inference server of the made-up platform.
enum SampleServer: Int, CaseIterable {
    /// Real Triton's spans: a batch is told by equal times only.
    case triton
    /// Our own server's spans, with batch and instance as attributes. The slow band is here.
    case needletail

    var service: String { self == .triton ? "triton-a" : "needletail-b" }
    var host: String { self == .triton ? "gpu-06" : "gpu-07" }
}

/// A model that collects requests to batches.
enum SampleModel: Int, CaseIterable {
    case tokenizer, reranker3, reranker4, imageTower, scoreHead

    var name: String {
        switch self {
        case .tokenizer: "tokenizer"
        case .reranker3, .reranker4: "bert_reranker"
        case .imageTower: "image_tower"
        case .scoreHead: "score_head"
        }
    }

    var version: String {
        switch self {
        case .tokenizer: "1"
        case .reranker3: "3"
        case .reranker4: "4"
        case .imageTower: "2"
        case .scoreHead: "5"
        }
    }

    var maximumBatch: Int {
        switch self {
        case .tokenizer: 32
        case .imageTower: 8
        default: 16
        }
    }

    /// How long the first of a batch waits for others, nanoseconds.
    var maximumDelay: UInt64 {
        switch self {
        case .tokenizer: 0
        case .imageTower: 2_000_000
        case .scoreHead: 1_000_000
        default: 5_000_000
        }
    }

    var instanceCount: Int { self == .tokenizer ? 2 : 1 }

    /// Milliseconds of input copy, inference and output copy of a batch.
    func times(batch: Int) -> (input: Double, infer: Double, output: Double) {
        let size = Double(batch)
        return switch self {
        case .tokenizer: (0.05, 1.5 + 0.08 * size, 0.04)
        case .reranker3: (0.4 + 0.3 * size, 14 + 1.6 * size, 0.2 + 0.1 * size)
        case .reranker4: (0.4 + 0.3 * size, (14 + 1.6 * size) * SampleTraces.versionRatio, 0.2 + 0.1 * size)
        case .imageTower: (0.9 + 0.4 * size, 18 + 1.2 * size, 0.3)
        case .scoreHead: (0.06, 2 + 0.05 * size, 0.05)
        }
    }
}
