/// Halves of requests that wait for the other half: a bounded set, left in the order of arrival when their time is up.
struct WaitingEdges: Sendable {
    private struct Place: Sendable {
        var key: ServiceEdgeKey
        var edge: ServiceEdge
        /// Tells this use of the place from earlier ones.
        var use: UInt64
    }

    private struct Deadline: Sendable {
        var time: UInt64
        var place: Int
        var use: UInt64
    }

    private let maximumCount: Int
    private var places: [Place] = []
    private var free: [Int] = []
    private var index: [ServiceEdgeKey: Int] = [:]
    /// In order of time, the next one at `head`; also of edges that have left.
    private var deadlines: [Deadline] = []
    private var head = 0
    private var uses: UInt64 = 0

    init(maximumCount: Int) {
        self.maximumCount = max(1, maximumCount)
    }

    var count: Int { index.count }

    enum Outcome {
        /// Waits for its other half.
        case waits
        /// Both halves are known; it waits no more.
        case complete(ServiceEdge)
        /// There is no room for one more.
        case full
    }

    /// Adds one half. An edge that `update` completes leaves.
    ///
    /// - Parameter deadline: monotonic nanoseconds; never before those given earlier.
    mutating func add(_ key: ServiceEdgeKey, deadline: UInt64, _ update: (inout ServiceEdge) -> Void) -> Outcome {
        if let place = index[key] {
            update(&places[place].edge)
            guard places[place].edge.isComplete else { return .waits }
            index[key] = nil
            return .complete(release(place))
        }
        var edge = ServiceEdge(traceID: key.traceID)
        update(&edge)
        if edge.isComplete { return .complete(edge) }
        guard index.count < maximumCount else { return .full }
        uses &+= 1
        let place = Place(key: key, edge: edge, use: uses)
        let number: Int
        if let last = free.popLast() {
            number = last
            places[number] = place
        } else {
            number = places.count
            places.append(place)
        }
        index[key] = number
        deadlines.append(Deadline(time: deadline, place: number, use: uses))
        compact()
        return .waits
    }

    /// Takes out the next edge whose time is up.
    mutating func expire(at time: UInt64) -> ServiceEdge? {
        while head < deadlines.count, deadlines[head].time <= time {
            let deadline = deadlines[head]
            head += 1
            guard places[deadline.place].use == deadline.use else { continue }
            index[places[deadline.place].key] = nil
            return release(deadline.place)
        }
        compact()
        return nil
    }

    private mutating func release(_ place: Int) -> ServiceEdge {
        let edge = places[place].edge
        places[place].use = 0
        places[place].edge = ServiceEdge(traceID: edge.traceID)
        free.append(place)
        return edge
    }

    /// Keeps the list of deadlines within about twice the number of edges, at a cost that each edge pays once.
    private mutating func compact() {
        guard deadlines.count > 2 * index.count + 1024 else { return }
        deadlines = deadlines[head...].filter { places[$0.place].use == $0.use }
        head = 0
    }
}
