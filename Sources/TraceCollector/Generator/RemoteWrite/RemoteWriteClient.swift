internal import AsyncHTTPClient
internal import NIOCore
internal import NIOHTTP1
internal import NIOPosix
internal import TraceWire

/// Posts messages to a receiver of Prometheus' remote write.
struct RemoteWriteClient: Sendable {
    enum Outcome: Sendable {
        case accepted
        case failed(RemoteWriteQueue.Failure, String)
    }

    private static let maximumAnswerSize = 64 * 1024

    /// What all requests have in common, checked.
    struct Target: Sendable {
        fileprivate let url: String
        fileprivate let headers: HTTPHeaders
        fileprivate let timeout: TimeAmount

        init(_ configuration: PrometheusRemoteWriter.Configuration) throws(RemoteWriteError) {
            url = try RemoteWriteClient.checked(url: configuration.url)
            headers = try RemoteWriteClient.headers(configuration)
            timeout = .milliseconds(Int64(min(max(configuration.timeoutSeconds, 0.1), 3600) * 1000))
        }
    }

    private let target: Target
    private let client: HTTPClient

    /// Has to be shut down.
    init(_ target: Target) {
        self.target = target
        let timeout = target.timeout
        var settings = HTTPClient.Configuration()
        settings.redirectConfiguration = .disallow
        settings.timeout.connect = timeout
        settings.timeout.read = timeout
        // Retries are the queue's.
        settings.connectionPool.retryConnectionEstablishment = false
        // A span for each push would give the next push something to send, for ever.
        settings.tracing.tracer = nil
        client = HTTPClient(eventLoopGroupProvider: .shared(MultiThreadedEventLoopGroup.singleton), configuration: settings)
    }

    func send(_ body: [UInt8]) async -> Outcome {
        var request = HTTPClientRequest(url: target.url)
        request.method = .POST
        request.headers = target.headers
        request.body = .bytes(ByteBuffer(bytes: body))
        do {
            let response = try await client.execute(request, deadline: .now() + target.timeout)
            let answer = (try? await response.body.collect(upTo: Self.maximumAnswerSize)).map { String(buffer: $0) } ?? ""
            let code = response.status.code
            if (200..<300).contains(code) { return .accepted }
            let told = "\(code) \(response.status.reasonPhrase): \(answer.prefix(300).split(whereSeparator: \.isNewline).joined(separator: " "))"
            guard code == 429 || code >= 500 else { return .failed(.permanent, told + Self.advice(code)) }
            let after = response.headers.first(name: "Retry-After").flatMap(Double.init)
            return .failed(.retryable(after: after.flatMap { $0 >= 0 ? $0 : nil }), told)
        } catch {
            return .failed(.retryable(after: nil), "\(error)")
        }
    }

    func shutdown() async {
        // Fails only when it was shut down before.
        try? await client.shutdown()
    }

    private static func advice(_ code: UInt) -> String {
        switch code {
        case 401, 403: "; check the credentials"
        case 404: "; is this the path of a remote write receiver? Prometheus' is /api/v1/write, behind --web.enable-remote-write-receiver"
        case 415: "; the receiver does not know this version, try the other protobuf_message"
        default: ""
        }
    }

    private static func checked(url: String) throws(RemoteWriteError) -> String {
        let rest = ["http://", "https://"].first { url.lowercased().hasPrefix($0) }.map { url.dropFirst($0.count) }
        guard let rest, let first = rest.first, first != "/", !url.utf8.contains(where: { $0 <= 0x20 || $0 == 0x7f }) else {
            throw RemoteWriteError("\"\(url)\" is no address for remote write; expected one like http://127.0.0.1:9090/api/v1/write")
        }
        return url
    }

    private static func headers(_ configuration: PrometheusRemoteWriter.Configuration) throws(RemoteWriteError) -> HTTPHeaders {
        var headers = HTTPHeaders()
        headers.add(name: "User-Agent", value: "needletail")
        headers.add(name: "Content-Encoding", value: "snappy")
        switch configuration.protobufMessage {
        case .version1:
            headers.add(name: "Content-Type", value: "application/x-protobuf")
            headers.add(name: "X-Prometheus-Remote-Write-Version", value: "0.1.0")
        case .version2:
            headers.add(name: "Content-Type", value: "application/x-protobuf;proto=io.prometheus.write.v2.Request")
            headers.add(name: "X-Prometheus-Remote-Write-Version", value: "2.0.0")
        }
        switch configuration.authorization {
        case nil: break
        case .basic(let username, let password):
            headers.add(name: "Authorization", value: "Basic " + Base64.encode(Array("\(username):\(password)".utf8)))
        case .bearer(let token): headers.add(name: "Authorization", value: "Bearer " + token)
        }
        for (name, value) in configuration.headers { headers.replaceOrAdd(name: name, value: value) }
        for (name, value) in headers {
            let isName = !name.isEmpty && name.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7f && !#"(),/:;<=>?@[\]{}""#.utf8.contains($0) }
            guard isName else { throw RemoteWriteError("\"\(name)\" is no name of an HTTP header (remote write, headers)") }
            guard value.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7f || $0 == 9 }) else {
                throw RemoteWriteError("The value of the header \(name) has characters that HTTP does not allow (remote write, headers)")
            }
        }
        return headers
    }
}

/// A setting of remote write cannot be used.
public struct RemoteWriteError: Error, Hashable, Sendable, CustomStringConvertible {
    public let description: String

    init(_ description: String) {
        self.description = description
    }
}
