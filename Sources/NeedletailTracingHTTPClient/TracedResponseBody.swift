internal import AsyncHTTPClient
internal import NIOCore
internal import NeedletailTracing
internal import TraceModel

/// The body of a response; its end, however it comes, is the end of the span.
struct TracedResponseBody: AsyncSequence, Sendable {
    let body: HTTPClientResponse.Body
    let lease: SpanLease
    let recordsSize: Bool

    func makeAsyncIterator() -> Iterator {
        Iterator(parts: body.makeAsyncIterator(), lease: lease, recordsSize: recordsSize)
    }

    struct Iterator: AsyncIteratorProtocol {
        var parts: HTTPClientResponse.Body.AsyncIterator
        let lease: SpanLease
        let recordsSize: Bool
        var size: Int64 = 0

        mutating func next() async throws -> ByteBuffer? {
            do {
                if let part = try await parts.next() {
                    size += Int64(part.readableBytes)
                    return part
                }
            } catch {
                lease.fail(error, attributes: [Attribute("error.type", .string(error.errorType))])
                throw error
            }
            lease.end(attributes: recordsSize ? [Attribute("http.response.body.size", .int(size))] : [])
            return nil
        }
    }
}
