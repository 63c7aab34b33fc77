#if canImport(Glibc)
internal import Glibc
#elseif canImport(Musl)
internal import Musl
#else
internal import Darwin
#endif

/// IP addresses as text.
enum IPAddressText {
    static func isIPv4(_ text: String) -> Bool {
        var address = in_addr()
        return inet_pton(AF_INET, text, &address) == 1
    }

    static func isIPv6(_ text: String) -> Bool {
        var address = in6_addr()
        return inet_pton(AF_INET6, text, &address) == 1
    }

    /// The address that a number stands for: 3232235521 is 192.168.0.1.
    static func ipv4(_ number: UInt32) -> String {
        [24, 16, 8, 0].map { String(number >> $0 & 0xff) }.joined(separator: ".")
    }

    /// The address whose lower half a number stands for: 1 is ::1.
    static func ipv6(_ number: UInt64) -> String {
        "::" + [48, 32, 16, 0].map { String(number >> $0 & 0xffff, radix: 16) }.joined(separator: ":")
    }
}
