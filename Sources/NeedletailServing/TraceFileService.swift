internal import Inference
internal import ServiceLifecycle

/// Ends the trace files when the server has answered its last request.
struct TraceFileService: Service {
    let writer: TraceFileWriter

    func run() async {
        // Cancelled or stopped in peace: the traces there are belong to the user.
        try? await gracefulShutdown()
        await writer.close()
    }
}
