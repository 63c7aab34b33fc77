/// Points in time as text.
enum UTCTimeText {
    /// `2026-03-01 09:30:00.123Z`
    ///
    /// - Parameter nanoseconds: since the Unix epoch.
    static func text(_ nanoseconds: UInt64) -> String {
        let milliseconds = nanoseconds / 1_000_000
        let seconds = milliseconds / 1000
        let (year, month, day) = date(days: seconds / 86_400)
        let clock = seconds % 86_400
        return "\(digits(year, 4))-\(digits(month, 2))-\(digits(day, 2)) \(digits(clock / 3600, 2)):\(digits(clock / 60 % 60, 2))"
            + ":\(digits(clock % 60, 2)).\(digits(milliseconds % 1000, 3))Z"
    }

    private static func digits(_ value: UInt64, _ count: Int) -> String {
        let text = String(value)
        return String(repeating: "0", count: max(0, count - text.utf8.count)) + text
    }

    /// The date of a day of the proleptic Gregorian calendar, counted from 1970-01-01; years begin in March, so that the leap
    /// day comes last.
    private static func date(days: UInt64) -> (year: UInt64, month: UInt64, day: UInt64) {
        let shifted = days + 719_468
        let era = shifted / 146_097
        let dayOfEra = shifted % 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let monthFromMarch = (5 * dayOfYear + 2) / 153
        let day = dayOfYear - (153 * monthFromMarch + 2) / 5 + 1
        let month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9
        return (yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, day)
    }
}
