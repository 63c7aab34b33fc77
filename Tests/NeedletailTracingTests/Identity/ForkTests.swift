#if os(Linux)
import Glibc
import NeedletailTracing
import Testing
import TraceModel

@Suite struct ForkTests {
    /// Swift does not offer `fork`; web servers that load a program and then split do.
    private typealias Fork = @convention(c) () -> pid_t

    @Test("A forked child makes other ids than its parent")
    func childHasOwnIDs() throws {
        let symbol = try #require(dlsym(UnsafeMutableRawPointer(bitPattern: 0), "fork"))
        let fork = unsafeBitCast(symbol, to: Fork.self)
        // The generator's keys exist before the fork, as in a real program.
        _ = IDGenerator.traceID()
        var ends: [Int32] = [0, 0]
        try #require(pipe(&ends) == 0)
        let child = fork()
        try #require(child >= 0)
        let trace = IDGenerator.traceID()
        let span = IDGenerator.spanID()
        if child == 0 {
            // Only calls that are safe in the child of a process with several threads.
            var words = (trace.high, trace.low, span.value)
            let written = withUnsafeBytes(of: &words) { write(ends[1], $0.baseAddress, $0.count) }
            _exit(written == 24 ? 0 : 1)
        }
        close(ends[1])
        defer { close(ends[0]) }
        var received = (UInt64(0), UInt64(0), UInt64(0))
        let count = withUnsafeMutableBytes(of: &received) { read(ends[0], $0.baseAddress, $0.count) }
        var status: Int32 = 0
        #expect(waitpid(child, &status, 0) == child)
        #expect(count == 24)
        #expect(TraceID(high: received.0, low: received.1) != trace)
        #expect(SpanID(received.2) != span)
        #expect(TraceID(high: received.0, low: received.1).isValid)
    }
}
#endif
