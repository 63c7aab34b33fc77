internal import Hummingbird
internal import Logging

/// A bare Hummingbird server that decodes a small JSON body and encodes its answer: the floor under our own front end.
///
/// It answers on the path of the passthrough model, so that the same load drives both.
struct EchoServer {
    struct Body: Decodable { var sleep: Float }

    struct Answer: ResponseEncodable {
        var model_name: String
        var model_version: String
        var sleep: Float
    }

    var port: Int

    func run() async throws {
        var logger = Logger(label: "echo")
        logger.logLevel = .error
        let router = Router()
        router.post("/v2/models/passthrough/generate") { request, context in
            let body = try await request.decode(as: Body.self, context: context)
            return Answer(model_name: "passthrough", model_version: "1", sleep: body.sleep)
        }
        router.get("/v2/health/ready") { _, _ in HTTPResponse.Status.ok }
        let application = Application(
            router: router, configuration: .init(address: .hostname("127.0.0.1", port: port), serverName: nil), logger: logger)
        try await application.runService()
    }
}
