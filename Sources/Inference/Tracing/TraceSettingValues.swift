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

    /// What the server began with, and what counts now.
    init(_ start: TraceSettings, _ effective: TraceSettingRegistry.Effective) {
        values = [
            ("trace_level", effective.level.names), ("trace_rate", ["\(effective.rate)"]), ("trace_count", ["\(effective.count)"]),
        ]
        switch start.mode {
        case .triton:
            values.append(("log_frequency", ["\(effective.logFrequency)"]))
            values.append(("trace_file", [start.file ?? ""]))
            values.append(("trace_mode", [start.mode.rawValue]))
        case .openTelemetry:
            values.append(("trace_mode", [start.mode.rawValue]))
            if let url = start.url { values.append(("url", [Self.withoutSecrets(url)])) }
            if !start.resource.isEmpty { values.append(("resource", start.resource.map { "\($0.key)=\($0.value)" })) }
            values.append(("bsp_schedule_delay", ["\(start.bspScheduleDelay ?? 5000)"]))
            values.append(("bsp_max_export_batch_size", ["\(start.bspMaxExportBatchSize ?? 512)"]))
            values.append(("bsp_max_queue_size", ["\(start.bspMaxQueueSize ?? 2048)"]))
        }
    }

    /// A URL without the user and password that may stand before its host.
    private static func withoutSecrets(_ url: String) -> String {
        let hostStart = url.firstRange(of: "://")?.upperBound ?? url.startIndex
        let hostEnd = url[hostStart...].firstIndex { $0 == "/" || $0 == "?" } ?? url.endIndex
        guard let at = url[hostStart..<hostEnd].lastIndex(of: "@") else { return url }
        return String(url[..<hostStart] + url[url.index(after: at)...])
    }
}

extension InferenceCore {
    /// The trace settings of a model, or those of all without a name.
    ///
    /// - Throws: `invalidArgument` for an unknown model.
    package func traceSettings(model: String?) throws(InferenceError) -> TraceSettingValues {
        let model = try checkedModel(model)
        guard let tracer else {
            let off = TraceSettings()
            return TraceSettingValues(off, TraceSettingRegistry(off).settings(of: nil))
        }
        return TraceSettingValues(tracer.settings, tracer.registry.settings(of: model))
    }

    /// Changes trace settings; an empty list takes an override away. Names that cannot be changed are left alone.
    ///
    /// - Throws: `invalidArgument` or `unsupported` with Triton's words; nothing is changed then.
    package func updateTraceSettings(_ values: [String: [String]], model: String?) throws(InferenceError) {
        let model = try checkedModel(model)
        let update = try TraceSettingUpdate(values)
        guard let tracer else {
            if case .set(let level) = update.level, level != .off {
                throw InferenceError(
                    .unavailable,
                    "this server was started without anything that takes traces: start it with --trace-config, and without OTEL_SDK_DISABLED"
                )
            }
            return
        }
        try tracer.update(update, model: model)
    }

    /// An empty name, as gRPC has it for none, counts as none.
    private func checkedModel(_ name: String?) throws(InferenceError) -> String? {
        guard let name, !name.isEmpty else { return nil }
        guard (try? registry.model(named: name, version: nil)) != nil else {
            throw InferenceError(.invalidArgument, "Request for unknown model : \(name)")
        }
        return name
    }
}
