internal import JSONCoding
internal import TraceQuery

/// The answer to "how do these two differ".
enum SelectionComparisonJSON {
    static func body(_ comparison: SelectionComparison, _ left: WindowAPI.Question, _ right: WindowAPI.Question) -> [UInt8] {
        JSONWriter.document(reserving: 16_384) { writer in
            WindowAPI.writeScope(left, to: &writer)
            writer.object("a") { write(comparison.left, left, to: &$0) }
            writer.object("b") { write(comparison.right, right, to: &$0) }
            writer.field("lowestNano", comparison.scale.lowest)
            writer.field("ratio", comparison.scale.ratio)
            writer.array("rows", comparison.rows) { writer, row in
                writer.object { writer in
                    if let stage = row.stage { writer.field("stage", stage.rawValue) }
                    writer.array("differences", row.differences) { writer, difference in
                        writer.object {
                            $0.field("measure", difference.measure.rawValue)
                            $0.field("aNano", difference.left)
                            $0.field("bNano", difference.right)
                            $0.field("differenceNano", difference.difference)
                            $0.field("lowNano", difference.low)
                            $0.field("highNano", difference.high)
                            $0.field("certain", difference.isCertain)
                            $0.field("negligible", difference.isNegligible)
                        }
                    }
                }
            }
            writer.strings("sentences", comparison.sentences)
        }
    }

    private static func write(_ side: SelectionComparison.Side, _ question: WindowAPI.Question, to writer: inout JSONWriter) {
        writer.object("window") { WindowAPI.writeScope(question, to: &$0) }
        writer.field("traces", side.traceCount)
        writer.field("count", side.count)
        writer.field("errors", side.errors)
        writer.field("used", side.usedCount)
        if let count = question.coldLeftOut { writer.field("coldLeftOut", count) }
        for (measure, value) in zip(SelectionComparison.Measure.allCases, side.durations) {
            writer.key(string: "\(measure.rawValue)Nano")
            writer.number(value)
        }
        writer.array("histogram", side.histogram) { $0.number($1) }
        writer.array("exemplars", side.exemplars) { writer, exemplar in
            writer.object {
                $0.field("measure", exemplar.measure.rawValue)
                $0.field("traceID", "\(exemplar.trace)")
                $0.field("durationNano", exemplar.duration)
            }
        }
    }
}
