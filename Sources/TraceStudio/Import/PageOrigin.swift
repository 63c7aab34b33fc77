internal import HTTPTypes
internal import Hummingbird

/// Where a request comes from: a browser tells, and only our own page may store anything.
enum PageOrigin {
    /// - Throws: ``APIError`` 403 for pages of other origins.
    static func check(_ request: Request) throws {
        guard let origin = request.headers[.origin] else { return }
        let host = origin.split(separator: "/", omittingEmptySubsequences: true).last.map(String.init)
        if host?.lowercased() == request.head.authority?.lowercased() { return }
        throw APIError(status: 403, message: "pages of \(origin) may not store anything here")
    }
}
