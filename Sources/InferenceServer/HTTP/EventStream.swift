internal import HTTPTypes
internal import HummingbirdCore
internal import Inference
internal import JSONCoding
internal import NIOCore
internal import NeedletailTracing

/// The answer of `generate_stream`: server-sent events, one for each response. The first response decides the status.
final class EventStream: @unchecked Sendable {
    // Unchecked: `InferenceCore.stream` calls its closure one response after the other and in the task of the exchange, which
    // alone has this object.
    private var writer: ResponseWriter?
    private var body: (any ResponseBodyWriter)?
    private let keepsTimes: Bool
    /// When the responses went out.
    private(set) var times = StreamedResponses()
    /// The HTTP status that was sent; 0 before.
    private(set) var status = 0
    /// The connection took no more.
    private(set) var hasFailed = false

    static let clientLeft = InferenceError(.cancelled, "the client closed the connection before it took all responses")

    init(_ writer: consuming ResponseWriter, keepsTimes: Bool) {
        self.writer = consume writer
        self.keepsTimes = keepsTimes
    }

    var isStarted: Bool { status != 0 }

    /// Sends one response as an event; the empty end of a decoupled model is none.
    func send(_ response: StreamedResponse, call: InferenceCall, model: LoadedModel) async throws {
        var time = StreamedResponseTimes(complete: MonotonicClock.now())
        var status = HTTPResponse.Status.ok
        var event = ByteBuffer()
        do throws(InferenceError) {
            let outputs: NamedTensors
            do throws(RequestFailure) { outputs = try response.outputs.get() } catch { throw error.error }
            if response.isFinal, outputs.isEmpty, model.definition.isDecoupled { return }
            event = Self.event(try GenerateResponseEncoder.json(outputs, call: call, model: model).finish())
        } catch {
            let reply = HTTPReply(error: error)
            status = reply.status
            event = Self.event(Array(buffer: reply.body))
        }
        time.sendStart = MonotonicClock.now()
        do {
            try await write(event, status: status)
        } catch {
            hasFailed = true
            throw error
        }
        time.sendEnd = MonotonicClock.now()
        if keepsTimes { times.append(time) }
    }

    /// Ends the stream, which may have had no events.
    func end() async throws {
        if !isStarted { try await write(ByteBuffer(), status: .ok) }
        try await body.take()?.finish(nil)
    }

    /// Answers with something else than a stream, which was not started.
    func reply(_ reply: HTTPReply) async throws {
        status = reply.status.code
        try await writer.take()?.write(response: reply.head, body: ResponseBody(byteBuffer: reply.body))
    }

    private func write(_ bytes: ByteBuffer, status: HTTPResponse.Status) async throws {
        if let writer = writer.take() {
            var head = HTTPResponse(status: status)
            head.headerFields[.contentType] = "text/event-stream; charset=utf-8"
            // What lies between must not collect events.
            head.headerFields[.cacheControl] = "no-cache"
            self.status = status.code
            body = try await writer.writeHead(head)
        }
        if bytes.readableBytes > 0 { try await body?.write(bytes) }
    }

    private static func event(_ json: [UInt8]) -> ByteBuffer {
        var event = ByteBuffer()
        event.reserveCapacity(json.count + 8)
        event.writeString("data: ")
        event.writeBytes(json)
        event.writeString("\n\n")
        return event
    }
}
