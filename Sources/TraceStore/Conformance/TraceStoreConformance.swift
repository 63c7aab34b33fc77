/// The behaviour every store must have, as checks that any test framework can run.
///
/// A check throws ``Failure`` when the store misbehaves. Checks never share data: each opens its own fresh subject.
public enum TraceStoreConformance {
    /// One promise of ``TraceStore``.
    public struct Check: Sendable, CustomStringConvertible {
        /// What is promised, as a sentence.
        public let name: String
        /// The check only applies to stores that keep their data when closed.
        public let needsPersistence: Bool
        /// Runs the check; throws ``Failure`` or what the store threw.
        public let run: @Sendable (any Subject) async throws -> Void

        init(_ name: String, needsPersistence: Bool = false, run: @escaping @Sendable (any Subject) async throws -> Void) {
            self.name = name
            self.needsPersistence = needsPersistence
            self.run = run
        }

        public var description: String { name }
    }

    /// A place where one store lives, empty at first.
    public protocol Subject: Sendable {
        /// Data is still there when the store was closed and is opened again.
        var isPersistent: Bool { get }
        /// Opens the store; called again only after the one before was closed.
        func open() async throws -> any TraceStore
    }

    /// A broken promise.
    public struct Failure: Error, Hashable, Sendable, CustomStringConvertible {
        public var description: String
    }

    /// All checks.
    public static let checks: [Check] = storageChecks + duplicateChecks + searchChecks + scanChecks + concurrencyChecks

    /// The checks that apply to such a store.
    public static func checks(persistent: Bool) -> [Check] {
        checks.filter { persistent || !$0.needsPersistence }
    }

    /// Opens the store, hands it to `body`, and closes it.
    static func withStore(_ subject: any Subject, _ body: (any TraceStore) async throws -> Void) async throws {
        let store = try await subject.open()
        do {
            try await body(store)
        } catch {
            await store.close()
            throw error
        }
        await store.close()
    }

    static func expect(_ condition: Bool, _ message: @autoclosure () -> String) throws {
        if !condition { throw Failure(description: message()) }
    }

    static func expectEqual<T: Equatable>(_ actual: T, _ expected: T, _ what: String) throws {
        if actual != expected { throw Failure(description: "\(what): expected \(expected), got \(actual)") }
    }
}
