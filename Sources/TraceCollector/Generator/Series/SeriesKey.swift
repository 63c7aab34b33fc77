/// What tells series of one processor apart.
struct SeriesKey: Hashable, Sendable {
    var first: String
    var second: String
    var third: UInt8
    var fourth: UInt8
    /// Values of the configured dimensions, in their order.
    var extra: [String]

    /// What has no room of its own is counted here.
    static let overflow = SeriesKey(first: "", second: "", third: .max, fourth: .max, extra: [])

    var isOverflow: Bool { self == Self.overflow }
}
