internal import Synchronization
internal import TraceModel

/// What a ``NeedletailTracer`` has done since it was made.
public struct TracerCounters: Hashable, Sendable {
    /// Numbers by where the parent of a span is.
    public struct ByParent: Hashable, Sendable {
        /// Root spans.
        public var none = 0
        /// Children of a span of this process.
        public var local = 0
        /// Children of a span of another process.
        public var remote = 0

        public init(none: Int = 0, local: Int = 0, remote: Int = 0) {
            self.none = none
            self.local = local
            self.remote = remote
        }

        public var total: Int { none + local + remote }
    }

    /// Started spans that are recorded and exported.
    public var sampled = ByParent()
    /// Started spans that are recorded for local processors only.
    public var recordedOnly = ByParent()
    /// Started spans that are not recorded.
    public var notSampled = ByParent()
    /// Calls that changed a span that had ended.
    public var usesAfterEnd = 0
    /// Calls that ended a span that had ended.
    public var secondEnds = 0
    /// Recorded spans whose last reference went away before `end()`; they are not exported.
    public var neverEnded = 0

    /// All started spans.
    public var started: Int { sampled.total + recordedOnly.total + notSampled.total }
}

/// The counters behind ``TracerCounters``: one relaxed addition for each event.
final class TracerCounting: Sendable {
    private let sampled = Parents()
    private let recordedOnly = Parents()
    private let notSampled = Parents()
    private let usesAfterEnd = Atomic<Int>(0)
    private let secondEnds = Atomic<Int>(0)
    private let neverEnded = Atomic<Int>(0)

    var snapshot: TracerCounters {
        TracerCounters(
            sampled: sampled.snapshot,
            recordedOnly: recordedOnly.snapshot,
            notSampled: notSampled.snapshot,
            usesAfterEnd: usesAfterEnd.load(ordering: .relaxed),
            secondEnds: secondEnds.load(ordering: .relaxed),
            neverEnded: neverEnded.load(ordering: .relaxed)
        )
    }

    @inline(__always)
    func noteStart(parent: TraceContext?, isSampled: Bool, isRecording: Bool) {
        if isSampled {
            sampled.add(parent)
        } else if isRecording {
            recordedOnly.add(parent)
        } else {
            notSampled.add(parent)
        }
    }

    func noteUseAfterEnd() { usesAfterEnd.add(1, ordering: .relaxed) }
    func noteSecondEnd() { secondEnds.add(1, ordering: .relaxed) }
    func noteNeverEnded() { neverEnded.add(1, ordering: .relaxed) }

    private struct Parents: ~Copyable {
        let none = Atomic<Int>(0)
        let local = Atomic<Int>(0)
        let remote = Atomic<Int>(0)

        var snapshot: TracerCounters.ByParent {
            TracerCounters.ByParent(
                none: none.load(ordering: .relaxed),
                local: local.load(ordering: .relaxed),
                remote: remote.load(ordering: .relaxed)
            )
        }

        @inline(__always)
        func add(_ parent: TraceContext?) {
            if let parent, parent.isValid {
                if parent.isRemote { remote.add(1, ordering: .relaxed) } else { local.add(1, ordering: .relaxed) }
            } else {
                none.add(1, ordering: .relaxed)
            }
        }
    }
}
