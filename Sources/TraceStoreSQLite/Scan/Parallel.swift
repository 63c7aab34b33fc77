internal import Dispatch
internal import Synchronization

/// Makes one result of each element, on all cores; the results are in the elements' order.
///
/// - Throws: the error of the first element that failed.
func mapInParallel<Element: Sendable, Result: Sendable>(
    _ elements: [Element], _ body: @escaping @Sendable (Element) throws -> Result
) throws -> [Result] {
    if elements.count < 2 { return try elements.map(body) }
    let results = Mutex([Swift.Result<Result, any Error>?](repeating: nil, count: elements.count))
    DispatchQueue.concurrentPerform(iterations: elements.count) { index in
        let result = Swift.Result { try body(elements[index]) }
        results.withLock { $0[index] = result }
    }
    return try results.withLock { try $0.compactMap { try $0?.get() } }
}
