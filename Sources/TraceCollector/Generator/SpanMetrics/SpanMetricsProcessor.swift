internal import PrometheusMetrics
internal import TraceModel
internal import TraceWire

/// Counts spans by service, name, kind and status: Tempo's processor `span-metrics`. Pure: time is an argument.
struct SpanMetricsProcessor: Sendable {
    /// The spans of one resource, looked at together.
    struct Group {
        fileprivate var service: String
        fileprivate var serviceHash: UInt64
        /// Values of labels `job` and `instance`, where they are shown.
        fileprivate var origin: [String]
    }

    private let settings: MetricsGenerator.SpanMetrics
    private let registry: MetricsGenerator.Registry
    private let weight: SpanWeight
    /// Names of the labels behind ``SeriesKey/extra``.
    private let extraNames: [String]
    private let seriesPerKey: Int
    private let countsSize: Bool

    private var index = SeriesIndex()
    private var calls: [Double] = []
    private var sizes: [Double] = []
    private var latency: HistogramBank
    /// When each series got something last, monotonic nanoseconds.
    private var updated: [UInt64] = []
    private var targets: [[String]: UInt64] = [:]

    init(_ settings: MetricsGenerator.SpanMetrics, registry: MetricsGenerator.Registry) {
        self.settings = settings
        self.registry = registry
        weight = SpanWeight(key: settings.spanMultiplierKey, usesTraceState: settings.enableTraceStateSpanMultiplier)
        let latency = HistogramBank(bounds: settings.histogramBuckets)
        self.latency = latency
        extraNames = Self.extraNames(settings, registry)
        countsSize = settings.subprocessors.contains(.size)
        seriesPerKey = settings.subprocessors.reduce(0) { $0 + ($1 == .latency ? latency.seriesPerHistogram : 1) }
    }

    private static let intrinsicLabels: Set<String> = ["service", "span_name", "span_kind", "status_code", "status_message", "job", "instance"]

    private static func extraNames(_ settings: MetricsGenerator.SpanMetrics, _ registry: MetricsGenerator.Registry) -> [String] {
        var names: [String] = settings.intrinsicDimensions.statusMessage ? ["status_message"] : []
        for attribute in settings.dimensions + settings.dimensionMappings.map(\.name) {
            names.append(LabelText.name(attribute, taken: intrinsicLabels, maximumLength: registry.maxLabelNameLength))
        }
        return settings.enableTargetInfo ? names + ["job", "instance"] : names
    }

    // MARK: Counting

    /// Prepares for the spans of a resource.
    mutating func group(_ resource: Resource, _ time: GeneratorTime, _ budget: inout SeriesBudget) -> Group {
        let service = settings.intrinsicDimensions.service ? LabelText.cut(resource.serviceName, registry.maxLabelValueLength) : ""
        var origin: [String] = []
        if settings.enableTargetInfo {
            func text(_ key: String) -> String {
                resource.attributes[key].map { LabelText.cut(LabelText.value($0), registry.maxLabelValueLength) } ?? ""
            }
            let namespace = text("service.namespace")
            let name = text("service.name")
            let instance = settings.enableInstanceLabel ? text("service.instance.id") : ""
            origin = [name.isEmpty ? "" : namespace.isEmpty ? name : "\(namespace)/\(name)", instance]
            addTarget(resource, origin, time, &budget)
        }
        return Group(service: service, serviceHash: SeriesIndex.hash(service), origin: origin)
    }

    @inline(__always)
    mutating func add(
        _ span: UnsafePointer<Span>, in group: Group, of resource: Resource, _ time: GeneratorTime, _ budget: inout SeriesBudget
    ) {
        let name = settings.intrinsicDimensions.spanName ? LabelText.cut(span.pointee.name, registry.maxLabelValueLength) : ""
        let kind = settings.intrinsicDimensions.spanKind ? span.pointee.kind.rawValue : 0
        let status = settings.intrinsicDimensions.statusCode ? span.pointee.status.code.rawValue : 0
        let extra = extraNames.isEmpty ? [] : self.extra(span, group, resource)
        let hash = SeriesIndex.hash(firstHash: group.serviceHash, second: name, third: kind, fourth: status, extra: extra)
        let series = index.find(hash, first: group.service, second: name, third: kind, fourth: status, extra: extra)
            ?? newSeries(hash, SeriesKey(first: group.service, second: name, third: kind, fourth: status, extra: extra), &budget)
        let weight = self.weight.weight(span, resource)
        calls[series] += weight
        // Not weighted, as in Tempo: these are bytes that came in.
        if countsSize { sizes[series] += Double(SpanSize.size(span)) }
        latency.observe(series, Double(span.pointee.duration) / 1e9, weight: weight, traceID: span.pointee.traceID, time: time.wall)
        updated[series] = time.monotonic
    }

    private mutating func newSeries(_ hash: UInt64, _ key: SeriesKey, _ budget: inout SeriesBudget) -> Int {
        guard budget.take(seriesPerKey) else {
            budget.overflowed += 1
            return overflowSeries()
        }
        return append(hash, key)
    }

    private mutating func overflowSeries() -> Int { index.overflow ?? append(SeriesIndex.overflowHash, .overflow) }

    private mutating func append(_ hash: UInt64, _ key: SeriesKey) -> Int {
        calls.append(0)
        sizes.append(0)
        latency.add()
        updated.append(0)
        return index.insert(hash, key)
    }

    private func extra(_ span: UnsafePointer<Span>, _ group: Group, _ resource: Resource) -> [String] {
        func text(_ key: String) -> String {
            (resource.attributes[key] ?? span.pointee.attributes[key]).map(LabelText.value) ?? ""
        }
        var values: [String] = settings.intrinsicDimensions.statusMessage ? [span.pointee.status.message] : []
        for key in settings.dimensions { values.append(text(key)) }
        for mapping in settings.dimensionMappings {
            values.append(mapping.sourceLabels.map(text).filter { !$0.isEmpty }.joined(separator: mapping.join))
        }
        return values.map { LabelText.cut($0, registry.maxLabelValueLength) } + group.origin
    }

    // MARK: target_info

    /// Names and values by turns.
    private mutating func addTarget(_ resource: Resource, _ origin: [String], _ time: GeneratorTime, _ budget: inout SeriesBudget) {
        let own: Set<String> = ["service.name", "service.namespace", "service.instance.id"]
        var labels: [String] = []
        for attribute in resource.attributes where !own.contains(attribute.key) && !settings.targetInfoExcludedDimensions.contains(attribute.key) {
            guard let first = attribute.key.utf8.first, !(UInt8(ascii: "0")...UInt8(ascii: "9")).contains(first) else { continue }
            labels.append(LabelText.name(attribute.key, taken: ["job", "instance"], maximumLength: registry.maxLabelNameLength))
            labels.append(LabelText.cut(LabelText.value(attribute.value), registry.maxLabelValueLength))
        }
        guard !labels.isEmpty, origin.contains(where: { !$0.isEmpty }) else { return }
        labels += ["job", origin[0], "instance", origin[1]]
        if targets[labels] == nil, !budget.take(1) {
            budget.overflowed += 1
            return
        }
        targets[labels] = time.monotonic
    }

    // MARK: Forgetting

    /// Drops series that got nothing since.
    mutating func forget(before deadline: UInt64, _ budget: inout SeriesBudget) {
        let stale = targets.filter { $0.value < deadline }
        for labels in stale.keys { targets[labels] = nil }
        budget.give(back: stale.count)
        let kept = updated.indices.filter { updated[$0] >= deadline }
        guard kept.count < updated.count else { return }
        let gone = updated.indices.count { updated[$0] < deadline && !index.keys[$0].isOverflow }
        budget.give(back: gone * seriesPerKey)
        index.keep(kept)
        calls = kept.map { calls[$0] }
        sizes = kept.map { sizes[$0] }
        updated = kept.map { updated[$0] }
        latency.keep(kept)
    }

    // MARK: Showing

    func families() -> [MetricFamily] {
        let labels = index.keys.map { self.labels($0) }
        func family(_ name: String, _ kind: MetricFamily.Kind, _ help: String, _ value: (Int) -> MetricFamily.Point.Value) -> MetricFamily {
            MetricFamily(name, kind, help: help, points: labels.indices.map { .init(labels[$0], value($0)) })
        }
        var families: [MetricFamily] = []
        if settings.subprocessors.contains(.count) {
            families.append(family("traces_spanmetrics_calls", .counter, "Spans") { .number(calls[$0]) })
        }
        if settings.subprocessors.contains(.latency) {
            families.append(family("traces_spanmetrics_latency", .histogram, "Duration of spans in seconds") { .histogram(latency.snapshot($0)) })
        }
        if countsSize {
            families.append(family("traces_spanmetrics_size", .counter, "Size of spans in bytes of OTLP protobuf") { .number(sizes[$0]) })
        }
        if settings.enableTargetInfo {
            let points = targets.keys.sorted { $0.lexicographicallyPrecedes($1) }.map { texts in
                let pairs = stride(from: 0, to: texts.count - 1, by: 2).map { (texts[$0], texts[$0 + 1]) }
                return MetricFamily.Point(self.labels(pairs), .integer(1))
            }
            families.append(MetricFamily("traces_target_info", .gauge, help: "Attributes of resources", points: points))
        }
        return families
    }

    private func labels(_ key: SeriesKey) -> MetricLabels {
        if key.isOverflow { return labels([("metric_overflow", "true")]) }
        var pairs: [(String, String)] = []
        let intrinsic = settings.intrinsicDimensions
        if intrinsic.service { pairs.append(("service", key.first)) }
        if intrinsic.spanName { pairs.append(("span_name", key.second)) }
        if intrinsic.spanKind { pairs.append(("span_kind", SpanKind(rawValue: key.third)?.protobufName ?? "")) }
        if intrinsic.statusCode { pairs.append(("status_code", SpanStatus.Code(rawValue: key.fourth)?.protobufName ?? "")) }
        pairs += zip(extraNames, key.extra).filter { $0.0 != "job" && $0.0 != "instance" || !$0.1.isEmpty }
        return labels(pairs)
    }

    private func labels(_ pairs: [(String, String)]) -> MetricLabels {
        MetricLabels(fitted: registry.externalLabels.map { (MetricName.label($0.key), $0.value) } + pairs)
    }
}
