internal import AsyncHTTPClient
internal import Compression
internal import JSONCoding
internal import NIOCore
internal import NIOHTTP1
internal import TraceModel
internal import TraceWire
#if canImport(Glibc)
internal import Glibc
#else
internal import Darwin
#endif

/// A running back end, asked over HTTP.
struct TraceServer: Sendable {
    /// A greater answer is an error.
    static let maximumAnswerSize = 4 << 30

    /// A stream that says nothing for so many seconds is broken.
    private static let silence: Int64 = 35

    let client: HTTPClient
    /// The page and Jaeger's query API.
    let address: TraceServerAddress
    /// Tempo's query API.
    let tempo: TraceServerAddress
    let timeout: TimeAmount

    /// Gives a client for as long as `body` runs.
    static func with<R>(_ options: TraceServerOptions, _ body: (TraceServer) async throws -> R) async throws -> R {
        var configuration = HTTPClient.Configuration()
        configuration.timeout.connect = .seconds(5)
        // The live stream says every ten seconds that it is there; other answers have a limit of their own.
        configuration.timeout.read = .seconds(max(Int64(options.timeout), silence))
        let client = HTTPClient(configuration: configuration)
        let server = TraceServer(
            client: client, address: options.address, tempo: options.tempo, timeout: .seconds(Int64(options.timeout))
        )
        do {
            let result = try await body(server)
            try? await client.shutdown()
            return result
        } catch {
            try? await client.shutdown()
            throw error
        }
    }

    // MARK: Questions

    /// `GET` of a path with parameters.
    ///
    /// - Returns: The body of a good answer; `nil` for 404.
    /// - Throws: ``CommandFailure``.
    func get(_ path: String, _ items: [(String, String)] = [], at base: TraceServerAddress? = nil) async throws -> [UInt8]? {
        let base = base ?? address
        let query = items.map { "\(Self.encoded($0.0))=\(Self.encoded($0.1))" }.joined(separator: "&")
        var request = HTTPClientRequest(url: base.url + path + (query.isEmpty ? "" : "?\(query)"))
        request.headers.add(name: "Accept-Encoding", value: "gzip")
        request.headers.add(name: "Accept", value: "application/json")
        request.headers.add(name: "User-Agent", value: "needletail/\(Needletail.version)")
        let (status, body) = try await answer(to: request, of: base)
        switch status {
        case 200..<300: return body
        case 404: return nil
        case 400..<500: throw CommandFailure(.usage, Self.message(in: body) ?? "\(base.url)\(path) refused the question (\(status))")
        default: throw CommandFailure(.unreachable, "\(base.url)\(path) failed (\(status)): \(Self.message(in: body) ?? "no reason given")")
        }
    }

    /// The JSON of a good answer.
    func json(_ path: String, _ items: [(String, String)] = [], at base: TraceServerAddress? = nil) async throws -> JSONValue {
        guard let body = try await get(path, items, at: base) else {
            throw CommandFailure(.unreachable, "\((base ?? address).url) does not know \(path): is it a needletail of this version?")
        }
        do {
            return try JSONValue.parse(body)
        } catch {
            throw CommandFailure(.unreachable, "\((base ?? address).url)\(path) did not answer in JSON: \(error)")
        }
    }

    /// Sends a request and reads the whole answer.
    func answer(to request: HTTPClientRequest, of base: TraceServerAddress) async throws -> (status: UInt, body: [UInt8]) {
        do {
            let response = try await client.execute(request, timeout: timeout)
            let body = try await response.body.collect(upTo: Self.maximumAnswerSize)
            let bytes = Array(buffer: body)
            guard response.headers["Content-Encoding"].contains("gzip") else { return (response.status.code, bytes) }
            return (response.status.code, try Gzip.decompress(bytes, maximumSize: Self.maximumAnswerSize))
        } catch let error as CompressionError {
            throw CommandFailure(.unreachable, "the answer of \(base.url) is damaged: \(error)")
        } catch let error as HTTPClientError {
            if error == .deadlineExceeded || error == .readTimeout {
                throw CommandFailure(.unreachable, "\(base.url) did not answer within the \(timeout.nanoseconds / 1_000_000_000) s of --timeout")
            }
            throw Self.nothingAnswers(base, error)
        } catch is NIOTooManyBytesError {
            throw CommandFailure(.unreachable, "\(base.url) answers with more than \(NumberText.bytes(Self.maximumAnswerSize))")
        } catch let error as CancellationError {
            throw error
        } catch {
            throw Self.nothingAnswers(base, error)
        }
    }

    static func nothingAnswers(_ base: TraceServerAddress, _ error: any Error) -> CommandFailure {
        let reason = (error as? IOError).map { String(cString: strerror($0.errnoCode)) } ?? "\(error)"
        return CommandFailure(
            .unreachable, "nothing answers at \(base.url) (\(reason)); start `needletail traces` or give --url (--tempo-url, --otlp-url)"
        )
    }

    /// The words of an error answer: of Jaeger's envelope, of `{"error":…}` forms, or short plain text.
    static func message(in body: [UInt8]) -> String? {
        if let value = try? JSONValue.parse(body) {
            let candidates = [
                value["errors"]?[0]?["msg"], value["error"]?["message"], value["error"], value["message"],
            ]
            if let text = candidates.compactMap({ $0?.stringValue }).first { return DisplayText.escaped(text) }
        }
        let text = String(decoding: body.prefix(2000), as: UTF8.self).trimmingBlanks()
        // The lines of a TraceQL error point at a column: they stay lines.
        return text.isEmpty ? nil : text.split(separator: "\n").map { DisplayText.escaped(String($0)) }.joined(separator: "\n")
    }

    /// Percent-encoding of everything but RFC 3986's unreserved characters.
    static func encoded(_ text: String) -> String {
        var result: [UInt8] = []
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"),
                UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "~"):
                result.append(byte)
            default:
                result += [UInt8(ascii: "%"), Hex.digit(byte >> 4), Hex.digit(byte & 0xf)]
            }
        }
        return String(decoding: result, as: UTF8.self)
    }
}
