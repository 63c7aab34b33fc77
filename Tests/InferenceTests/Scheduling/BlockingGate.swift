#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif
import Synchronization

/// Blocks threads until it is opened.
final class BlockingGate: Sendable {
    private let isOpen = Atomic(false)
    private let count = Atomic(0)

    var waiting: Int { count.load(ordering: .sequentiallyConsistent) }

    func wait() {
        count.add(1, ordering: .sequentiallyConsistent)
        // A nap, so that many of them leave a processor to the others.
        while !isOpen.load(ordering: .sequentiallyConsistent) { nap() }
    }

    func open() { isOpen.store(true, ordering: .sequentiallyConsistent) }
}

private func nap() { usleep(1000) }
