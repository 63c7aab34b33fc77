internal import TraceModel

/// The trace file of Triton Inference Server's mode `triton` (`--trace-config triton,file=…`).
///
/// Its spans have the shape that Triton's mode `opentelemetry` gives them: `InferRequest` › the model › `compute`, with the
/// timestamps as events, and the models of an ensemble or of a script below the model that called them. Ids are made of what the
/// file tells of a request, so that the same request, read again, has the same ones.
///
/// The times in the file count from the start of the machine. Told when the file was written, the reader puts the newest one there;
/// otherwise they stay as they are. The resource's attribute `triton.trace_file.clock` says which: `estimated` or `monotonic`.
public enum TritonTraceFile {
    /// Reads a file, also one that Triton wrote as no valid JSON, or did not write to its end.
    ///
    /// - Parameters:
    ///   - lastModified: when the file was written, in nanoseconds since the Unix epoch.
    ///   - maximumElements: how many entries and timestamps it may hold together.
    /// - Throws: ``WireError`` when the bytes are no such list or hold more elements.
    public static func decode(
        _ bytes: [UInt8], lastModified: UInt64? = nil, maximumElements: Int = WireLimit.fileElements
    ) throws(WireError) -> DecodedSpans {
        let result: Result<DecodedSpans, WireError> = bytes.withUnsafeBytes { buffer in
            do throws(WireError) {
                var reader = TritonTraceReader(maximumElements: maximumElements)
                try reader.read(buffer)
                let spans = TritonSpans(reader.traces, lastModified: lastModified)
                return .success(
                    DecodedSpans(batch: spans.batch, rejectedSpanCount: reader.unreadable.count, rejectionMessage: reader.unreadable.message))
            } catch {
                return .failure(error)
            }
        }
        return try result.get()
    }
}
