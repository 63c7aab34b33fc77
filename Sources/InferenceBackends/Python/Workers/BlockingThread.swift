internal import Glibc

/// A thread of its own for calls that wait, away from the threads that Swift's tasks share.
enum BlockingThread {
    private final class Body {
        let run: @Sendable () -> Void

        init(_ run: @escaping @Sendable () -> Void) { self.run = run }
    }

    /// Begins a thread; it ends with the closure. Whoever starts it owns it, and has to make the closure return.
    ///
    /// - Throws: ``SystemError``.
    static func start(_ run: @escaping @Sendable () -> Void) throws {
        var thread = pthread_t()
        // Unsafe: the retained body is taken over by the new thread, or released here when there is none.
        let body = Unmanaged.passRetained(Body(run))
        let code = pthread_create(&thread, nil, { pointer in
            guard let pointer else { return nil }
            Unmanaged<Body>.fromOpaque(pointer).takeRetainedValue().run()
            return nil
        }, body.toOpaque())
        guard code == 0 else {
            body.release()
            throw SystemError("starting a thread", code: code)
        }
        pthread_detach(thread)
    }
}
