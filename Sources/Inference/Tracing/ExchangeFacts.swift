/// What the spans say about the protocol exchange that carried a request.
package struct ExchangeFacts: Hashable, Sendable {
    /// `http.request.method`.
    package var method: String
    /// `url.path`.
    package var path: String
    /// `http.route`.
    package var route: String
    /// `http.response.status_code`; 0 when no answer was sent.
    package var statusCode: Int

    package init(method: String, path: String, route: String, statusCode: Int = 0) {
        self.method = method
        self.path = path
        self.route = route
        self.statusCode = statusCode
    }
}
