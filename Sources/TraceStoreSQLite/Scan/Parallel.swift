internal import Dispatch
internal import Synchronization

/// Makes one result of each element, on all cores; the results are in the elements' order.
///
/// - Parameter other: is done meanwhile, once, on one of the threads.
/// - Throws: the error of `other`, or else of the first element that failed.
func mapInParallel<Element: Sendable, Result: Sendable>(
    _ elements: [Element], beside other: (() throws -> Void)? = nil, _ body: @escaping @Sendable (Element) throws -> Result
) throws -> [Result] {
    if elements.count < 2, other == nil || elements.isEmpty {
        try other?()
        return try elements.map(body)
    }
    let results = Mutex([Swift.Result<Result, any Error>?](repeating: nil, count: elements.count))
    let first = other == nil ? 0 : 1
    // Unsafe: used in one iteration only, which is over when `concurrentPerform` returns.
    nonisolated(unsafe) let other = other
    nonisolated(unsafe) var failure: (any Error)?
    DispatchQueue.concurrentPerform(iterations: elements.count + first) { index in
        if index < first {
            do { try other?() } catch { failure = error }
            return
        }
        let result = Swift.Result { try body(elements[index - first]) }
        results.withLock { $0[index - first] = result }
    }
    if let failure { throw failure }
    return try results.withLock { try $0.compactMap { try $0?.get() } }
}
