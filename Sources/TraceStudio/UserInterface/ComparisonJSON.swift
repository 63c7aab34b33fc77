internal import JSONCoding
internal import TraceQuery

/// The answer to "what do these have that the others lack".
enum ComparisonJSON {
    static func body(_ comparison: TailComparison, _ question: WindowAPI.Question) -> [UInt8] {
        JSONWriter.document(reserving: 16_384) { writer in
            WindowAPI.writeScope(question, to: &writer)
            for (name, side) in [("selection" as StaticString, comparison.selection), ("baseline", comparison.baseline)] {
                writer.object(name) {
                    $0.field("traces", side.traceCount)
                    $0.field("count", side.count)
                    $0.field("meanNano", side.mean)
                    $0.field("errors", side.errors)
                    $0.ids("exemplars", side.exemplars)
                }
            }
            writer.field("gapNano", comparison.gap)
            writer.array("stages", comparison.stages) { write($1, isStage: true, to: &$0) }
            writer.array("operations", comparison.operations) { write($1, isStage: false, to: &$0) }
            writer.array("attributes", comparison.ranked) { write($1, to: &$0) }
            writer.strings("hiddenKeys", comparison.hiddenKeys)
            writer.array("structure", comparison.structure) { writer, one in
                writer.object {
                    $0.field("service", one.service)
                    $0.field("name", one.name)
                    $0.field("selectionShare", one.selectionShare)
                    $0.field("baselineShare", one.baselineShare)
                }
            }
            writer.strings("sentences", comparison.sentences)
        }
    }

    private static func write(_ contribution: TailComparison.Contribution, isStage: Bool, to writer: inout JSONWriter) {
        writer.object {
            if isStage {
                $0.field("stage", contribution.name)
            } else {
                $0.field("service", contribution.service)
                $0.field("name", contribution.name)
            }
            $0.field("selectionNano", contribution.selection)
            $0.field("baselineNano", contribution.baseline)
            $0.field("differenceNano", contribution.difference)
        }
    }

    private static func write(_ ranked: TailComparison.Ranked, to writer: inout JSONWriter) {
        writer.object { writer in
            writer.field("key", ranked.key)
            writer.field("value", ranked.value)
            writer.field("selectionShare", ranked.selectionShare)
            writer.field("baselineShare", ranked.baselineShare)
            writer.field("selectionCount", ranked.selectionCount)
            writer.field("baselineCount", ranked.baselineCount)
            // Without any in the baseline there is no quotient: null.
            writer.field("lift", ranked.lift)
            writer.field("score", ranked.score)
            writer.field("z", ranked.z)
            writer.strings("aliases", ranked.aliases)
            guard let numeric = ranked.numeric else { return }
            writer.object("numeric") { writer in
                writer.field("cut", numeric.cut)
                writer.field("above", numeric.isAbove)
                writer.field("min", numeric.minimum)
                writer.field("max", numeric.maximum)
                writer.array("selection", numeric.selection) { $0.int($1) }
                writer.array("baseline", numeric.baseline) { $0.int($1) }
            }
        }
    }
}
