internal import JSONCoding
internal import TraceModel
internal import TraceQuery

extension TraceSummary {
    /// Writes the members that a trace has both in a list and on its own page; the object is open.
    func writeFacts(to writer: inout JSONWriter) {
        writer.key("traceID")
        writer.string("\(traceID)")
        writer.key("rootService")
        writer.string(rootService)
        writer.key("rootName")
        writer.string(rootName)
        writer.key("startTimeUnixNano")
        writer.quotedUInt(startTime)
        writer.key("durationNano")
        writer.uint(duration)
        writer.key("spanCount")
        writer.int(spanCount)
        writer.key("errorCount")
        writer.int(errorCount)
        if let errorMessage {
            writer.key("errorMessage")
            writer.string(errorMessage)
        }
    }
}
