/// Moments as RFC 3339 writes them, `2026-01-02T03:04:05.678Z`, from 1970 on.
enum RFC3339 {
    /// Nanoseconds since the Unix epoch; `nil` when the text is no such moment.
    static func nanoseconds(_ text: String) -> UInt64? {
        var rest = Substring(text)
        guard let year = number(&rest, 4), take(&rest, "-"), let month = number(&rest, 2), take(&rest, "-"), let day = number(&rest, 2),
            let separator = rest.popFirst(), "Tt ".contains(separator),
            let hour = number(&rest, 2), take(&rest, ":"), let minute = number(&rest, 2), take(&rest, ":"), let second = number(&rest, 2),
            (1...12).contains(month), (1...31).contains(day), hour < 24, minute < 60, second <= 60, (1970...2500).contains(year)
        else { return nil }
        var fraction: Int64 = 0
        if take(&rest, ".") {
            let digits = rest.prefix { $0.isASCII && $0.isNumber }
            guard let value = Int64(digits.prefix(9)) else { return nil }
            fraction = value
            for _ in digits.prefix(9).count..<9 { fraction *= 10 }
            rest = rest[digits.endIndex...]
        }
        guard let offset = zone(rest) else { return nil }
        let seconds = days(year, month, day) * 86_400 + hour * 3600 + minute * 60 + second - offset
        return seconds < 0 ? nil : UInt64(seconds).multipliedReportingOverflow(by: 1_000_000_000).partialValue + UInt64(fraction)
    }

    private static func number(_ rest: inout Substring, _ digits: Int) -> Int64? {
        let text = rest.prefix(digits)
        guard text.count == digits, text.allSatisfy({ $0.isASCII && $0.isNumber }), let value = Int64(text) else { return nil }
        rest = rest.dropFirst(digits)
        return value
    }

    private static func take(_ rest: inout Substring, _ character: Character) -> Bool {
        guard rest.first == character else { return false }
        rest.removeFirst()
        return true
    }

    /// `Z`, or `+02:00` in seconds.
    private static func zone(_ text: Substring) -> Int64? {
        if text == "Z" || text == "z" { return 0 }
        var rest = text
        guard let sign = rest.popFirst(), sign == "+" || sign == "-",
            let hours = number(&rest, 2), take(&rest, ":"), let minutes = number(&rest, 2), rest.isEmpty, hours < 24, minutes < 60
        else { return nil }
        return (sign == "-" ? -1 : 1) * (hours * 3600 + minutes * 60)
    }

    /// Days from 1970-01-01 in the Gregorian calendar, counted in years that begin in March.
    private static func days(_ year: Int64, _ month: Int64, _ day: Int64) -> Int64 {
        let year = month <= 2 ? year - 1 : year
        let yearOfEra = year % 400
        let dayOfYear = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1
        return year / 400 * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
    }
}
