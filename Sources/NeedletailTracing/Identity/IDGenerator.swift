internal import Synchronization
public import TraceModel

#if canImport(Glibc)
internal import Glibc
#elseif canImport(Musl)
internal import Musl
#else
internal import Darwin
#endif

/// Makes trace and span ids: uniform, never zero, without a system call or a lock.
///
/// A counter shared by all threads is put through a strong 64-bit mixer (the finaliser of SplitMix64) under keys that come
/// from the system's entropy when the process starts, and again in the child of a `fork`. The mixer is a bijection, so that
/// span ids do not repeat within a process. The ids are not secret: do not use them as tokens.
public enum IDGenerator {
    /// A new trace id; all 128 bits are pseudo-random.
    public static func traceID() -> TraceID {
        let keys = Keys.shared
        let position = keys.next()
        return TraceID(high: mix(position ^ keys.traceHigh.load(ordering: .relaxed)), low: mix(position ^ keys.traceLow.load(ordering: .relaxed)))
            .orNonZero
    }

    /// A new span id.
    public static func spanID() -> SpanID {
        let keys = Keys.shared
        let value = mix(keys.next() ^ keys.span.load(ordering: .relaxed))
        // One position of the whole period gives zero, which is no valid id.
        return SpanID(value == 0 ? 1 : value)
    }

    @inline(__always)
    private static func mix(_ value: UInt64) -> UInt64 {
        var z = value
        z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
        z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
        return z ^ (z >> 31)
    }

    /// Position and keys of this process.
    private final class Keys: Sendable {
        static let shared = Keys()

        let position: Atomic<UInt64>
        let traceHigh: Atomic<UInt64>
        let traceLow: Atomic<UInt64>
        let span: Atomic<UInt64>

        private init() {
            var entropy = SystemRandomNumberGenerator()
            position = Atomic(entropy.next())
            traceHigh = Atomic(entropy.next())
            traceLow = Atomic(entropy.next())
            span = Atomic(entropy.next())
            // The handler only draws from the kernel and stores words, both safe in a forked child.
            _ = pthread_atfork(nil, nil, { Keys.shared.reseed() })
        }

        func reseed() {
            var entropy = SystemRandomNumberGenerator()
            position.store(entropy.next(), ordering: .relaxed)
            traceHigh.store(entropy.next(), ordering: .relaxed)
            traceLow.store(entropy.next(), ordering: .relaxed)
            span.store(entropy.next(), ordering: .relaxed)
        }

        /// The step is the odd constant of SplitMix64: neighbouring positions differ in half of their bits.
        @inline(__always)
        func next() -> UInt64 {
            position.wrappingAdd(0x9e37_79b9_7f4a_7c15, ordering: .relaxed).newValue
        }
    }
}

extension TraceID {
    fileprivate var orNonZero: TraceID { isValid ? self : TraceID(high: 0, low: 1) }
}
