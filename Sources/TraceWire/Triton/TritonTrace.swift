/// What a trace file tells of one request to one model.
struct TritonTrace {
    struct Timestamp {
        var name: String
        /// Nanoseconds since the start of the machine; 0 where Triton did not know it.
        var time: UInt64
    }

    struct Tensor {
        /// `TENSOR_QUEUE_INPUT` or `TENSOR_BACKEND_OUTPUT`.
        var activity: String
        var name = ""
        /// The elements with commas between them, as Triton prints them.
        var data = ""
        var shape = ""
        var dataType = ""
    }

    /// Counts from 1 within a run of the server.
    var id: UInt64
    /// `nil` when the request did not get as far as a model.
    var modelName: String?
    var modelVersion: Int64 = 0
    var requestID = ""
    /// 0: nobody's child.
    var parentID: UInt64 = 0
    var timestamps: [Timestamp] = []
    var tensors: [Tensor] = []
}
