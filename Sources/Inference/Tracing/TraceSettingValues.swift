/// Trace settings as Triton's trace extension has them: names and lists of texts, in Triton's order.
///
/// HTTP writes `trace_level` and `resource` as lists, everything else as one text; gRPC writes lists only.
package struct TraceSettingValues: Hashable, Sendable {
    package var values: [(name: String, texts: [String])]

    package init(_ values: [(name: String, texts: [String])]) { self.values = values }

    package static func == (a: Self, b: Self) -> Bool {
        a.values.map(\.name) == b.values.map(\.name) && a.values.map(\.texts) == b.values.map(\.texts)
    }

    package func hash(into hasher: inout Hasher) {
        for value in values {
            hasher.combine(value.name)
            hasher.combine(value.texts)
        }
    }
}

extension InferenceCore {
    /// The trace settings of a model, or those of all without a name.
    ///
    /// - Throws: `invalidArgument` for an unknown model.
    package func traceSettings(model: String?) throws(InferenceError) -> TraceSettingValues { TraceSettingValues([]) }

    /// Changes trace settings; an empty list takes an override away.
    ///
    /// - Throws: `invalidArgument` or `unsupported` with Triton's words; nothing is changed then.
    package func updateTraceSettings(_ values: [String: [String]], model: String?) throws(InferenceError) {
        throw InferenceError(.unsupported, "the trace settings cannot be changed yet")
    }
}
