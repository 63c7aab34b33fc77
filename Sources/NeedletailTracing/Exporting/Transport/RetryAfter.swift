/// The HTTP header `Retry-After` (RFC 9110, section 10.2.3).
enum RetryAfter {
    /// Reads seconds or an HTTP date.
    ///
    /// - Parameter now: seconds since the Unix epoch; a date in the past means no wait.
    /// - Returns: `nil` when the value is malformed.
    static func parse(_ text: String, now: Int64) -> Duration? {
        let text = text.drop { $0 == " " }.prefix { $0 != "\r" && $0 != "\n" }
        if !text.isEmpty, text.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }) {
            // A number too large for the clock is as good as a year.
            return .seconds(min(Int64(text) ?? .max, 31_536_000))
        }
        return date(text).map { .seconds(max($0 - now, 0)) }
    }

    /// `Sun, 06 Nov 1994 08:49:37 GMT` in seconds since the Unix epoch.
    private static func date(_ text: Substring) -> Int64? {
        let parts = text.split(separator: " ")
        guard parts.count == 6, parts[5] == "GMT", parts[0].hasSuffix(","),
            let day = Int64(parts[1]), (1...31).contains(day),
            let month = months.firstIndex(of: parts[2]),
            let year = Int64(parts[3]), (1970...9999).contains(year)
        else { return nil }
        let clock = parts[4].split(separator: ":").compactMap { Int64($0) }
        guard clock.count == 3, (0...23).contains(clock[0]), (0...59).contains(clock[1]), (0...60).contains(clock[2]) else { return nil }
        return days(year: year, month: Int64(month) + 1, day: day) * 86_400 + clock[0] * 3600 + clock[1] * 60 + clock[2]
    }

    private static let months: [Substring] = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ]

    /// Days since 1970-01-01 in the proleptic Gregorian calendar; years begin in March, so that the leap day comes last.
    private static func days(year: Int64, month: Int64, day: Int64) -> Int64 {
        let shifted = month > 2 ? year : year - 1
        let era = shifted / 400
        let yearOfEra = shifted - era * 400
        let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
        let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
        return era * 146_097 + dayOfEra - 719_468
    }
}
