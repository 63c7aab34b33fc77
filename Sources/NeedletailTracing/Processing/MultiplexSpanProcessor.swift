public import TraceModel

/// Hands every span to several processors, in their order.
public struct MultiplexSpanProcessor: SpanProcessor {
    public let processors: [any SpanProcessor]

    public init(_ processors: [any SpanProcessor]) {
        self.processors = processors
    }

    public func onEnd(_ span: consuming Span, scope: InstrumentationScope) {
        let span = span
        for processor in processors { processor.onEnd(span, scope: scope) }
    }

    /// Flushes all processors side by side: a slow one does not eat the time of the others.
    public func forceFlush() async {
        await withTaskGroup(of: Void.self) { group in
            for processor in processors { group.addTask { await processor.forceFlush() } }
        }
    }

    public func shutdown() async {
        await withTaskGroup(of: Void.self) { group in
            for processor in processors { group.addTask { await processor.shutdown() } }
        }
    }

    public func requestFlush() {
        for processor in processors { processor.requestFlush() }
    }
}
