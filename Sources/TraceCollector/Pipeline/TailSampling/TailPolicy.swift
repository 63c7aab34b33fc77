internal import NeedletailTracing
internal import TraceModel

/// What a policy says of a trace (Collector contrib, `tailsamplingprocessor`).
enum TailDecision: Sendable, Equatable {
    case sampled
    case notSampled
    /// No span matches what must not match: enough, unless another policy says no.
    case invertSampled
    /// A span matches what must not match.
    case invertNotSampled
    case dropped
    /// The policy failed.
    case failed
}

/// A policy of tail sampling, with what it remembers between traces.
struct TailPolicy: Sendable {
    indirect enum Kind: Sendable {
        case alwaysSample
        /// Milliseconds; the upper one 0 for none.
        case latency(threshold: Double, upper: Double)
        case numericAttribute(key: String, range: ClosedRange<Int64>, inverted: Bool)
        case probabilistic(limit: UInt64, salt: [UInt8])
        case statusCode(Set<SpanStatus.Code>)
        case stringAttribute(key: String, values: Set<String>, regexes: [CachedRegex], inverted: Bool)
        case booleanAttribute(key: String, value: Bool, inverted: Bool)
        case traceState(key: String, values: Set<String>)
        case traceFlags
        case rateLimiting(spansPerSecond: Double, burst: Double)
        case bytesLimiting(bytesPerSecond: Double, burst: Double)
        /// The most 0 for no limit.
        case spanCount(least: Int, most: Int)
        case condition(spans: [ConditionExpression], events: [ConditionExpression], errorMode: ErrorMode)
        case and
        case not
        case drop
        /// Spans a second of each sub-policy, in their order.
        case composite(allocations: [Int])

        var isDrop: Bool { if case .drop = self { true } else { false } }
    }

    var name: String
    var kind: Kind
    var parts: [TailPolicy] = []
    /// The second that is counted, and spans in it of each part of a composite policy.
    private var second: UInt64 = 0
    private var spansInSecond: [Int] = []
    /// Of `rate_limiting` and `bytes_limiting`: spans or bytes that may still be sampled, and when that was true.
    private var tokens: Double?
    private var tokensTime: UInt64 = 0

    init(name: String, kind: Kind, parts: [TailPolicy] = []) {
        self.name = name
        self.kind = kind
        self.parts = parts
    }

    /// - Parameter now: nanoseconds of a clock that only goes forward.
    mutating func decide(_ trace: TailTrace, now: UInt64) -> TailDecision {
        switch kind {
        case .alwaysSample: return .sampled
        case .latency(let threshold, let upper):
            let duration = trace.durationMilliseconds
            return (upper == 0 ? duration >= threshold : threshold < duration && duration <= upper) ? .sampled : .notSampled
        case .probabilistic(let limit, let salt): return trace.hash(salt: salt) <= limit ? .sampled : .notSampled
        case .spanCount(let least, let most): return trace.spanCount >= least && (most == 0 || trace.spanCount <= most) ? .sampled : .notSampled
        case .rateLimiting(let rate, let burst): return takes(Double(trace.spanCount), rate: rate, burst: burst, now: now) ? .sampled : .notSampled
        case .bytesLimiting(let rate, let burst): return takes(Double(trace.size), rate: rate, burst: burst, now: now) ? .sampled : .notSampled
        case .and:
            for index in parts.indices where !parts[index].decide(trace, now: now).isSampled { return .notSampled }
            return .sampled
        case .not:
            guard !parts.isEmpty else { return .notSampled }
            let decision = parts[0].decide(trace, now: now)
            // Inverted decisions, and failures, stay what they are.
            return decision == .sampled ? .notSampled : decision == .notSampled ? .sampled : decision
        case .drop:
            for index in parts.indices where !parts[index].decide(trace, now: now).isSampled { return .notSampled }
            return .dropped
        case .composite(let allocations):
            // The first that samples has the trace, also when its share is used up.
            for index in parts.indices where parts[index].decide(trace, now: now).isSampled {
                return takesSpans(trace.spanCount, limit: allocations[index], of: index, now: now) ? .sampled : .notSampled
            }
            return .notSampled
        default: return decideBySpans(trace)
        }
    }

    // MARK: Spans and their attributes

    private func decideBySpans(_ trace: TailTrace) -> TailDecision {
        func answer(_ inverted: Bool, _ isFound: Bool) -> TailDecision {
            inverted ? (isFound ? .invertNotSampled : .invertSampled) : (isFound ? .sampled : .notSampled)
        }
        switch kind {
        case .statusCode(let codes): return answer(false, trace.containsSpan { codes.contains($0.status.code) })
        case .traceFlags: return answer(false, trace.containsSpan { $0.flags & 1 == 1 })
        case .traceState(let key, let values):
            return answer(false, trace.containsSpan { ConditionPath.member(key, of: $0.traceState).map(values.contains) ?? false })
        case .numericAttribute(let key, let range, let inverted):
            return answer(inverted, trace.containsAttribute(key) { if case .int(let number) = $0 { range.contains(number) } else { false } })
        case .booleanAttribute(let key, let value, let inverted):
            return answer(inverted, trace.containsAttribute(key) { $0 == .bool(value) })
        case .stringAttribute(let key, let values, let regexes, let inverted):
            return answer(
                inverted,
                trace.containsAttribute(key) { value in
                    guard case .string(let text) = value, !text.isEmpty else { return false }
                    return values.contains(text) || regexes.contains { $0.isFound(in: text) }
                }
            )
        case .condition(let spans, let events, let errorMode):
            do throws(ConditionFailure) {
                return answer(false, try trace.satisfies(spans: spans, events: events, errorMode: errorMode))
            } catch {
                return .failed
            }
        default: return .notSampled
        }
    }

    // MARK: Rates

    private mutating func takesSpans(_ count: Int, limit: Int, of index: Int, now: UInt64) -> Bool {
        let current = now / 1_000_000_000
        if current != second || spansInSecond.count != parts.count {
            second = current
            spansInSecond = Array(repeating: 0, count: parts.count)
        }
        guard count <= limit - spansInSecond[index] else { return false }
        spansInSecond[index] += count
        return true
    }

    /// A bucket of tokens: full at first, and filled again without pause.
    private mutating func takes(_ size: Double, rate: Double, burst: Double, now: UInt64) -> Bool {
        let elapsed = now > tokensTime ? Double(now - tokensTime) / 1e9 : 0
        let available = min(burst, (tokens ?? burst) + (tokens == nil ? 0 : elapsed * rate))
        tokensTime = now
        let takes = size <= available
        tokens = takes ? available - size : available
        return takes
    }
}

extension TailDecision {
    fileprivate var isSampled: Bool { self == .sampled || self == .invertSampled }
}

/// The spans of a trace that have come so far.
struct TailTrace: Sendable {
    var id: TraceID
    var parts: [SpanBatch] = []
    var spanCount = 0
    /// About how many bytes the spans take as OTLP protobuf.
    var size = 0
    /// Where the parts are on disk.
    var entries: [Int64] = []

    /// From the earliest start to the latest end.
    var durationMilliseconds: Double {
        var (start, end) = (UInt64.max, UInt64.min)
        forEachSpan { span, _, _ in
            start = min(start, span.startTime)
            end = max(end, span.endTime)
        }
        return end > start ? Double((end - start) / 1_000_000) : 0
    }

    /// FNV-1a of the salt and the trace id.
    func hash(salt: [UInt8]) -> UInt64 {
        var hash = FNV.hash64a(salt)
        hash = withUnsafeBytes(of: id.high.bigEndian) { FNV.hash64a($0, from: hash) }
        return withUnsafeBytes(of: id.low.bigEndian) { FNV.hash64a($0, from: hash) }
    }

    private func forEachSpan(_ body: (Span, ResourceSpans, ScopeSpans) -> Void) {
        for part in parts {
            for group in part.resourceSpans {
                for scope in group.scopeSpans {
                    for span in scope.spans { body(span, group, scope) }
                }
            }
        }
    }

    func containsSpan(_ predicate: (Span) -> Bool) -> Bool {
        parts.contains { $0.resourceSpans.contains { $0.scopeSpans.contains { $0.spans.contains(where: predicate) } } }
    }

    /// An attribute of a span or of a resource.
    func containsAttribute(_ key: String, _ predicate: (AttributeValue) -> Bool) -> Bool {
        parts.contains { part in
            part.resourceSpans.contains { group in
                if let value = group.resource.attributes[key], predicate(value) { return true }
                return group.scopeSpans.contains { $0.spans.contains { $0.attributes[key].map(predicate) ?? false } }
            }
        }
    }

    func satisfies(spans: [ConditionExpression], events: [ConditionExpression], errorMode: ErrorMode) throws(ConditionFailure) -> Bool {
        func holds(_ conditions: [ConditionExpression], _ context: ConditionContext) throws(ConditionFailure) -> Bool {
            for condition in conditions {
                do throws(ConditionFailure) {
                    if try condition.isTrue(in: context) { return true }
                } catch {
                    if errorMode == .propagate { throw error }
                }
            }
            return false
        }
        for part in parts {
            for group in part.resourceSpans {
                for scope in group.scopeSpans {
                    for span in scope.spans {
                        var context = ConditionContext(
                            span: span, resource: group.resource, resourceSchemaURL: group.schemaURL, scope: scope.scope, scopeSchemaURL: scope.schemaURL
                        )
                        if try holds(spans, context) { return true }
                        guard !events.isEmpty else { continue }
                        for event in span.events {
                            context.event = event
                            if try holds(events, context) { return true }
                        }
                    }
                }
            }
        }
        return false
    }
}
