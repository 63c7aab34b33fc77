/// The address that listeners are bound to, as others have to write it.
enum ListenAddress {
    /// The host part of a URL by which programs on this machine reach a listener: no wildcard, brackets around IPv6.
    static func urlHost(for host: String) -> String {
        switch host {
        case "0.0.0.0": "127.0.0.1"
        case "::": "[::1]"
        default: host.contains(":") ? "[\(host)]" : host
        }
    }
}
