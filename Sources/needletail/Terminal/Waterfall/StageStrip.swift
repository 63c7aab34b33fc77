internal import TraceQuery

/// The stages of a whole trace: one bar across the line, and what each stage took.
enum StageStrip {
    static func lines(_ shares: [StageShare], duration: UInt64, style: TerminalStyle) -> [String] {
        guard !shares.isEmpty, duration > 0 else { return [] }
        return [bar(shares, duration: duration, style: style)] + legend(shares, duration: duration, style: style)
    }

    /// Each stage by its share, in causal order; a stage that took any time is seen, as far as there is room.
    static func bar(_ shares: [StageShare], duration: UInt64, style: TerminalStyle, width: Int? = nil) -> String {
        let width = width ?? style.width
        let total = max(shares.reduce(0) { $0 + Double($1.duration) }, 1)
        var columns = shares.map { max(1, Int((Double($0.duration) / total * Double(width)).rounded())) }
        var excess = columns.reduce(0, +) - width
        while excess != 0 {
            guard let widest = columns.indices.max(by: { columns[$0] < columns[$1] }), excess < 0 || columns[widest] > 1 else { break }
            columns[widest] -= excess > 0 ? 1 : -1
            excess += excess > 0 ? -1 : 1
        }
        return zip(shares, columns).map { share, count in
            let look = StageLook(share.stage)
            return style.paint(String(repeating: look.pattern, count: count), look.ink)
        }.joined()
    }

    private static func legend(_ shares: [StageShare], duration: UInt64, style: TerminalStyle) -> [String] {
        style.wrapped(
            shares.map { share in
                let look = StageLook(share.stage)
                let text = "\(look.pattern) \(share.stage.rawValue) \(DurationText.text(share.duration)) \(DurationText.share(share.duration, of: duration))"
                return (text, [look.ink])
            },
            separator: "  "
        )
    }
}
