/// Holds back what is finished before something older is: `preserve_ordering`.
struct ResponseOrder<Value: Sendable>: Sendable {
    /// The batch whose answers may leave next.
    private var next: UInt64 = 1
    private var finished: [UInt64: Value] = [:]

    /// Takes the answers of a batch, and gives those that may leave now, in order. Batches are numbered from 1 without gaps.
    mutating func finish(_ batchID: UInt64, _ value: Value) -> [Value] {
        finished[batchID] = value
        var leaving: [Value] = []
        while let value = finished.removeValue(forKey: next) {
            leaving.append(value)
            next += 1
        }
        return leaving
    }
}
